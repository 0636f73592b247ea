import { describe, expect, test } from 'vitest';
import { FairQueue, type Place } from '../../../src/pacing/queue/fair-queue.ts';

interface Item extends Place {
  readonly name: string;
}

const queueOf = (...items: readonly [client: string, name: string, urgency?: number][]) => {
  const queue = new FairQueue<Item>();
  for (const [client, name, urgency = 3] of items) queue.push({ client, name, urgency });
  return queue;
};

const only =
  (...names: readonly string[]) =>
  ({ name }: Item): boolean =>
    names.includes(name);

describe('a queue that is asked for one of some items', () => {
  test('gives the first of them that is due, and leaves the others where they are', () => {
    const queue = queueOf(['search', 's1'], ['search', 's2'], ['search', 's3'], ['chatbot', 'c1']);
    expect(queue.shift(only('s2', 's3'))?.name).toBe('s2');
    expect(queue.size).toBe(3);
    expect([queue.shift(), queue.shift(), queue.shift()].map((item) => item?.name)).toEqual([
      'c1',
      's1',
      's3',
    ]);
  });

  test('gives none when none of them is there, and keeps everything', () => {
    const queue = queueOf(['search', 's1'], ['chatbot', 'c1']);
    expect(queue.shift(only('x'))).toBeUndefined();
    expect(queue.size).toBe(2);
    expect(queue.shift()?.name).toBe('c1');
  });

  test('gives the client whose items had to wait its share back', () => {
    const queue = queueOf(
      ...Array.from({ length: 6 }, (_, i) => ['search', `s${i}`] as [string, string]),
      ...Array.from({ length: 6 }, (_, i) => ['chatbot', `c${i}`] as [string, string]),
    );
    for (let i = 0; i < 3; i++) queue.shift(({ client }) => client === 'chatbot');
    const next = Array.from({ length: 4 }, () => queue.shift()!.client);
    expect(next.filter((client) => client === 'search').length).toBeGreaterThanOrEqual(3);
  });

  test('lets a newcomer claim nothing from the time before it came', () => {
    const queue = queueOf(['search', 's1'], ['search', 's2'], ['search', 's3'], ['chatbot', 'c1']);
    queue.shift(only('s2'));
    queue.shift(only('s3'));
    // Behind its time, and it does not take the clock back.
    queue.shift(only('c1'));
    queue.push({ client: 'translation', name: 't1', urgency: 3 });
    queue.push({ client: 'translation', name: 't2', urgency: 3 });
    expect([queue.shift(), queue.shift()].map((item) => item?.name)).toEqual(['t1', 's1']);
  });
});

test('a queue in which two clients are due at once serves them by name, as any other would', () => {
  expect(queueOf(['search', 's1'], ['chatbot', 'c1']).shift()?.name).toBe('c1');
  expect(queueOf(['chatbot', 'c1'], ['search', 's1']).shift()?.name).toBe('c1');
});

test('a queue whose turns others decide serves whom they name, and goes on from where they are', () => {
  const queue = queueOf(['search', 's1'], ['search', 's2'], ['chatbot', 'c1'], ['chatbot', 'c2']);
  expect(queue.shift(() => true, 'search')?.name).toBe('s1');
  expect(queue.shift(() => true, 'evaluation')).toBeUndefined();
  queue.adopt({ virtualTime: 5, tags: new Map([['chatbot', 7]]) });
  expect(queue.first()?.name).toBe('s2');
  expect([queue.shift(), queue.shift(), queue.shift()].map((item) => item?.name)).toEqual(['s2', 'c1', 'c2']);
});

test('a queue shows everything in it', () => {
  const queue = queueOf(['search', 's1'], ['chatbot', 'c1'], ['search', 's0', 0]);
  expect([...queue].map(({ name }) => name).sort()).toEqual(['c1', 's0', 's1']);
  queue.shift();
  expect([...queue]).toHaveLength(2);
});
