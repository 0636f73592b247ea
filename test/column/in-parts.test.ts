import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ItemCall, ItemReply } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { inParts } from '../../src/column/shared/in-parts.ts';
import { aCall, isSettled, scoresOf, textsOf, valuesOf } from '../support/fakes.ts';

interface Way {
  readonly call: ItemCall;
  arrive(): void;
  fail(error: RerankError): void;
}

let ways: Way[];
let kept: string[];
let told: number[];
let caller: AbortController;

/** A call for a, b and c that goes two ways: b alone, a and c together. */
const ask = (): Promise<ItemReply> => {
  const answer = (call: ItemCall): Promise<ItemReply> =>
    new Promise((resolve, reject) => {
      call.terms.signal.addEventListener('abort', () => reject(call.terms.signal.reason));
      ways.push({ call, arrive: () => resolve(scoresOf(call)), fail: reject });
    });
  const call = aCall({ items: ['a', 'b', 'c'], terms: { signal: caller.signal } });
  const reply = inParts(
    { ...call, onQueued: (at) => told.push(at) },
    [
      { places: [1], answer },
      { places: [0, 2], answer },
    ],
    (part) => kept.push(...textsOf(part)),
  );
  reply.catch(() => {});
  return reply;
};

beforeEach(() => {
  [ways, kept, told] = [[], [], []];
  caller = new AbortController();
});

const tooLong = new RerankError('wait_too_long');

test('each item has its own value in the end, and the cost is that of both ways', async () => {
  const reply = ask();
  expect(ways.map(({ call }) => call.items)).toEqual([['b'], ['a', 'c']]);
  ways[1]!.arrive();
  expect(await isSettled(reply)).toBe(false);
  ways[0]!.arrive();
  const { values, spent } = await reply;
  expect(values).toEqual(valuesOf(aCall({ items: ['a', 'b', 'c'] })));
  expect(spent).toBe(2);
  expect(kept).toEqual([]);
});

test('the answer is expected when the last way ends', () => {
  ask();
  ways[0]!.call.onQueued!(100);
  ways[1]!.call.onQueued!(300);
  ways[0]!.call.onQueued!(200);
  expect(told).toEqual([100, 300, 300]);
});

describe('when one way fails', () => {
  test('what the other has brought, or brings later, is kept', async () => {
    for (const before of [true, false]) {
      ways = [];
      kept = [];
      const reply = ask();
      if (before) ways[1]!.arrive();
      ways[0]!.fail(tooLong);
      await expect(reply).rejects.toBe(tooLong);
      if (!before) ways[1]!.arrive();
      await isSettled(reply);
      expect(kept).toEqual(['a', 'c']);
    }
  });

  test('and the caller gives up for that, a part that was sent goes on and one that waits does not', async () => {
    const reply = ask();
    ways[1]!.call.onSend!();
    caller.abort(tooLong);
    await expect(reply).rejects.toBe(tooLong);
    expect(ways.map(({ call }) => call.terms.signal.aborted)).toEqual([true, false]);
    ways[1]!.arrive();
    await isSettled(reply);
    expect(kept).toEqual(['a', 'c']);
  });
});

test('many parts listen to their caller as one, and no longer than they are under way', async () => {
  const reply = ask();
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
  for (const way of ways) way.arrive();
  await reply;
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
});

test('a caller who is gone takes all with him', async () => {
  const reply = ask();
  ways[1]!.call.onSend!();
  const gone = new RerankError('client_gone');
  caller.abort(gone);
  await expect(reply).rejects.toBe(gone);
  expect(ways.map(({ call }) => call.terms.signal.aborted)).toEqual([true, true]);
});
