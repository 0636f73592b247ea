import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue, type Place } from '../../../src/pacing/queue/fair-queue.ts';

interface Item extends Place {
  readonly name: string;
}

const item = (client: string, urgency = 3, name = ''): Item => ({ client, urgency, name });

const drain = (queue: FairQueue<Item>): Item[] => {
  const served: Item[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) served.push(next);
  return served;
};

const clients = fc.constantFrom('a', 'b', 'c', 'd');
const items = fc.array(fc.record({ client: clients, urgency: fc.nat(7), name: fc.constant('') }), {
  maxLength: 60,
});
const weights = fc.record({
  a: fc.integer({ min: 1, max: 9 }),
  b: fc.integer({ min: 1, max: 9 }),
  c: fc.integer({ min: 1, max: 9 }),
  d: fc.integer({ min: 1, max: 9 }),
});

describe('a fair queue', () => {
  it('serves one client in order of arrival', () => {
    const queue = new FairQueue<Item>();
    for (const name of ['1', '2', '3']) queue.push(item('a', 3, name));
    expect(drain(queue).map(({ name }) => name)).toEqual(['1', '2', '3']);
  });

  it('serves the more urgent of one client first, and equals in order of arrival', () => {
    const queue = new FairQueue<Item>();
    queue.push(item('a', 5, 'late'));
    queue.push(item('a', 0, 'first'));
    queue.push(item('a', 3, 'second'));
    queue.push(item('a', 3, 'third'));
    expect(drain(queue).map(({ name }) => name)).toEqual(['first', 'second', 'third', 'late']);
  });

  it('lets no urgency of one client pass the calls of another', () => {
    const queue = new FairQueue<Item>();
    for (let i = 0; i < 4; i++) queue.push(item('a', 7));
    for (let i = 0; i < 4; i++) queue.push(item('b', 0));
    const first = drain(queue).slice(0, 4);
    expect(first.filter(({ client }) => client === 'a')).toHaveLength(2);
  });

  it('serves a newcomer next, not behind a backlog', () => {
    const queue = new FairQueue<Item>();
    for (let i = 0; i < 500; i++) queue.push(item('a'));
    for (let i = 0; i < 100; i++) queue.shift();
    for (let i = 0; i < 10; i++) queue.push(item('b'));
    const next = drain(queue).slice(0, 25);
    expect(next.filter(({ client }) => client === 'b')).toHaveLength(10);
  });

  it('gives a client that was away no claim to what it did not use', () => {
    const queue = new FairQueue<Item>();
    for (let i = 0; i < 200; i++) queue.push(item('a'));
    queue.push(item('b'));
    for (let i = 0; i < 100; i++) queue.shift();
    for (let i = 0; i < 50; i++) queue.push(item('b'));
    const next = drain(queue).slice(0, 40);
    expect(next.filter(({ client }) => client === 'b').length).toBeLessThanOrEqual(21);
  });

  it('lets a client that was away catch up, by its credit and no more', () => {
    const queue = new FairQueue<Item>({ credit: 10 });
    for (let i = 0; i < 200; i++) queue.push(item('a'));
    for (let i = 0; i < 100; i++) queue.shift();
    for (let i = 0; i < 50; i++) queue.push(item('b'));
    const next = drain(queue).map(({ client }) => client);
    expect(next.slice(0, 10)).toEqual(new Array(10).fill('b'));
    expect(next.slice(10, 30).filter((client) => client === 'b').length).toBeLessThanOrEqual(11);
  });

  it('gives a client that used its credit no other before others have had theirs', () => {
    const queue = new FairQueue<Item>({ credit: 10 });
    for (let i = 0; i < 200; i++) queue.push(item('a'));
    for (let i = 0; i < 100; i++) queue.shift();
    for (let i = 0; i < 10; i++) queue.push(item('b'));
    for (let i = 0; i < 10; i++) queue.shift();
    for (let i = 0; i < 10; i++) queue.push(item('b'));
    const next = Array.from({ length: 10 }, () => queue.shift()!.client);
    expect(next.filter((client) => client === 'b').length).toBeLessThanOrEqual(6);
  });

  it('does not let a client jump the queue by coming one call at a time', () => {
    const queue = new FairQueue<Item>();
    for (let i = 0; i < 200; i++) queue.push(item('a'));
    let served = 0;
    for (let i = 0; i < 100; i++) {
      queue.push(item('b'));
      if (queue.shift()?.client === 'b') served++;
    }
    expect(served).toBeLessThanOrEqual(51);
  });

  it('divides a long run by weight, within a call of the exact share', () => {
    fc.assert(
      fc.property(weights, (given) => {
        const queue = new FairQueue<Item>({ weightOf: (client) => given[client as keyof typeof given] });
        const names = Object.keys(given) as (keyof typeof given)[];
        const total = Object.values(given).reduce((a, b) => a + b, 0);
        const rounds = 20;
        for (const client of names) {
          for (let i = 0; i < rounds * given[client] + 10; i++) queue.push(item(client));
        }
        const served = new Map<string, number>();
        for (let i = 0; i < rounds * total; i++) {
          const { client } = queue.shift()!;
          served.set(client, (served.get(client) ?? 0) + 1);
        }
        for (const client of names) {
          expect(Math.abs(served.get(client)! - rounds * given[client])).toBeLessThanOrEqual(names.length);
        }
      }),
    );
  });

  it('divides a long run by weight in what calls take, within two calls of the exact share', () => {
    const sizes = fc.record({ a: fc.integer({ min: 1, max: 9 }), b: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 4 }), (size, weight) => {
        const queue = new FairQueue<Item>({
          weightOf: (client) => (client === 'a' ? weight : 1),
          sizeOf: (tokens) => tokens,
        });
        for (let i = 0; i < 400; i++) {
          queue.push({ ...item('a'), tokens: size.a });
          queue.push({ ...item('b'), tokens: size.b });
        }
        const taken = { a: 0, b: 0 };
        for (let i = 0; i < 200; i++) {
          const client = queue.shift()!.client as 'a' | 'b';
          taken[client] += size[client];
          expect(Math.abs(taken.a / weight - taken.b)).toBeLessThanOrEqual(2 * (size.a + size.b));
        }
      }),
    );
  });

  it('serves everything that was pushed exactly once, unless it was removed', () => {
    fc.assert(
      fc.property(items, fc.infiniteStream(fc.nat(3)), (pushed, choices) => {
        const queue = new FairQueue<Item>();
        const expected = new Set<Item>();
        for (const each of pushed) {
          const own = { ...each };
          queue.push(own);
          expected.add(own);
          const choice = choices.next().value;
          if (choice === 0) expected.delete(queue.shift()!);
          if (choice === 1) {
            const victim = [...expected][0]!;
            expect(queue.remove(victim)).toBe(true);
            expect(queue.remove(victim)).toBe(false);
            expected.delete(victim);
          }
          expect(queue.size).toBe(expected.size);
        }
        expect(new Set(drain(queue))).toEqual(expected);
        expect(queue.shift()).toBeUndefined();
      }),
    );
  });

  it('tells truly how many are served before a newcomer', () => {
    fc.assert(
      fc.property(
        items,
        fc.nat(30),
        weights,
        clients,
        fc.nat(7),
        (pushed, shifts, given, client, urgency) => {
          const queue = new FairQueue<Item>({ weightOf: (name) => given[name as keyof typeof given] });
          for (const each of pushed) queue.push({ ...each });
          for (let i = 0; i < shifts; i++) queue.shift();
          const newcomer = item(client, urgency, 'newcomer');
          const { calls: ahead } = queue.ahead(newcomer);
          queue.push(newcomer);
          const place = drain(queue).indexOf(newcomer);
          // Where tags are equal, either may go first; the estimate counts every equal as ahead.
          expect(place).toBeLessThanOrEqual(ahead);
          expect(ahead - place).toBeLessThanOrEqual(3);
        },
      ),
    );
  });

  it('starves nobody: any item is served within the shares of those before it', () => {
    fc.assert(
      fc.property(weights, (given) => {
        const queue = new FairQueue<Item>({ weightOf: (client) => given[client as keyof typeof given] });
        for (let i = 0; i < 5; i++) queue.push(item('a'));
        let waited = 0;
        while (queue.shift()?.client !== 'a') waited++;
        for (let served = 0; served < 3; waited++) {
          for (const rival of ['b', 'c', 'd']) queue.push(item(rival, 0));
          if (queue.shift()?.client === 'a') served++;
        }
        const rivals = given.b + given.c + given.d;
        expect(waited).toBeLessThanOrEqual(3 * (rivals / given.a + 4) + 1);
      }),
    );
  });
});
