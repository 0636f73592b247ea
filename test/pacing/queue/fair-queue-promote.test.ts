import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue, type Place } from '../../../src/pacing/queue/fair-queue.ts';

interface Item extends Place {
  readonly name: string;
}

const WEIGHTS: Readonly<Record<string, number>> = { a: 1, b: 2, c: 0.5, d: 4 };
const place = fc.record({ client: fc.constantFrom(...Object.keys(WEIGHTS)), urgency: fc.nat(7) });

/** Whatever may have happened before: pushes, some of them served or taken out again. */
const histories = fc.record({
  pushes: fc.array(fc.record({ place, next: fc.constantFrom('stays', 'stays', 'serve', 'leave') }), {
    minLength: 1,
    maxLength: 40,
  }),
  credit: fc.constantFrom(0, 3),
});
type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

const replay = ({ pushes, credit }: History): { queue: FairQueue<Item>; waiting: Item[] } => {
  const queue = new FairQueue<Item>({ weightOf: (client) => WEIGHTS[client]!, credit });
  for (const [i, { place, next }] of pushes.entries()) {
    const item = { ...place, name: String(i) };
    queue.push(item);
    if (next === 'serve') queue.shift();
    if (next === 'leave') queue.remove(item);
  }
  return { queue, waiting: [...queue] };
};

const drain = (queue: FairQueue<Item>): string[] => {
  const names: string[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) names.push(next.name);
  return names;
};

/** The order of service in three worlds: untouched, with one item promoted, with a new item pushed in its stead. */
const worlds = (history: History, which: number, to: Place) => {
  const untouched = replay(history);
  const item = untouched.waiting[which % Math.max(1, untouched.waiting.length)];
  if (item === undefined) return undefined;
  const { name } = item;
  const { calls: ahead } = untouched.queue.ahead(to);
  const other = replay(history);
  const moved = other.queue.promote(other.waiting.find((each) => each.name === name)!, to);
  const size = other.queue.size;
  const rival = replay(history);
  rival.queue.push({ ...to, name: 'new' });
  return {
    name,
    moved,
    size,
    ahead,
    clientOf: new Map(untouched.waiting.map((each) => [each.name, each.client])),
    before: drain(untouched.queue),
    after: drain(other.queue),
    pushed: drain(rival.queue),
  };
};

const cases = [histories, fc.nat(), place] as const;

describe('an item promoted to another place', () => {
  it('is served no later for it, and not moved where it would not be due sooner', () => {
    fc.assert(
      fc.property(...cases, (history, which, to) => {
        const all = worlds(history, which, to);
        if (all === undefined) return;
        const { name, moved, before, after } = all;
        expect(after.indexOf(name)).toBeLessThanOrEqual(before.indexOf(name));
        if (!moved) expect(after).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  it('is served no later than what is said of a new item in that place', () => {
    fc.assert(
      fc.property(...cases, (history, which, to) => {
        const all = worlds(history, which, to);
        if (all === undefined) return;
        expect(all.after.indexOf(all.name)).toBeLessThanOrEqual(all.ahead);
      }),
      { numRuns: 500 },
    );
  });

  it('delays nobody more than a new item would, and no other client by more than one place', () => {
    fc.assert(
      fc.property(...cases, (history, which, to) => {
        const all = worlds(history, which, to);
        if (all === undefined) return;
        const { name, clientOf, before, after, pushed } = all;
        for (const other of before.filter((each) => each !== name)) {
          expect(after.indexOf(other)).toBeLessThanOrEqual(pushed.indexOf(other));
          if (clientOf.get(other) === to.client) continue;
          expect(after.indexOf(other)).toBeLessThanOrEqual(before.indexOf(other) + 1);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is neither lost nor doubled', () => {
    fc.assert(
      fc.property(...cases, (history, which, to) => {
        const all = worlds(history, which, to);
        if (all === undefined) return;
        expect(all.size).toBe(all.before.length);
        expect([...all.after].sort()).toEqual([...all.before].sort());
      }),
    );
  });

  it('passes what is less urgent of its own client', () => {
    const queue = new FairQueue<Item>();
    const items = [3, 5, 7].map((urgency) => ({ client: 'a', urgency, name: String(urgency) }));
    for (const item of items) queue.push(item);
    expect(queue.promote(items[2]!, { client: 'a', urgency: 0 })).toBe(true);
    expect(drain(queue)).toEqual(['7', '3', '5']);
  });

  it('takes the turn of a client that has nothing waiting', () => {
    const queue = new FairQueue<Item>();
    const items = Array.from({ length: 10 }, (_, i) => ({ client: 'a', urgency: 3, name: String(i) }));
    for (const item of items) queue.push(item);
    queue.shift();
    expect(queue.promote(items[9]!, { client: 'b', urgency: 7 })).toBe(true);
    expect(drain(queue)[0]).toBe('9');
  });

  it('is not there any more once it was served', () => {
    const queue = new FairQueue<Item>();
    const item = { client: 'a', urgency: 3, name: 'served' };
    queue.push(item);
    queue.shift();
    expect(queue.promote(item, { client: 'b', urgency: 0 })).toBe(false);
    expect(queue.size).toBe(0);
  });
});
