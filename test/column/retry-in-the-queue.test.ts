import { describe, expect, test, vi } from 'vitest';
import type { ItemReply } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { flight } from '../../src/column/flight.ts';
import { pace } from '../../src/column/pace.ts';
import { retry } from '../../src/column/retry.ts';
import { A, attach, settle, useFakeClock, WINDOW_MS } from '../pacing/attachments.ts';
import { aCall, ScriptedScorer, stack } from '../support/fakes.ts';

useFakeClock();

const BROKEN = new RerankError('upstream_failed', undefined, { upstreamStatus: 500 });

/** Flight, retry, pace and a real pacer, in front of an upstream that answers when told to. */
const column = (limit: number) => {
  const { pacer } = attach({ [A]: limit });
  const inner = new ScriptedScorer();
  const scorer = stack(inner, flight(), retry({ random: () => 0 }), pace({ permits: () => pacer }));
  const ask = (query: string, patienceMs: number) => {
    const leaver = new AbortController();
    const answer = scorer
      .answer(aCall({ query, terms: { deadline: performance.now() + patienceMs, signal: leaver.signal } }))
      .catch((thrown: unknown) => thrown as RerankError);
    return { answer, leave: () => leaver.abort(new RerankError('client_gone')) };
  };
  const callOf = (query: string) => inner.calls.findLast((call) => call.ask.query === query);
  return { pacer, inner, ask, callOf };
};

const isScores = (answer: ItemReply | RerankError): boolean => !(answer instanceof RerankError);

describe('a call that is made again', () => {
  test('takes the next slot, before its client’s other calls: patience that was enough still is', async () => {
    const { ask, callOf, inner } = column(1);
    const first = ask('first', 15_000);
    await settle();
    const others = Array.from({ length: 3 }, (_, i) => ask(`other ${i}`, 60_000));
    await settle();
    callOf('first')!.fail(BROKEN);
    await vi.advanceTimersByTimeAsync(WINDOW_MS + 100);
    expect(inner.calls.map((call) => call.ask.query)).toEqual(['first', 'first']);
    callOf('first')!.answer();
    expect(isScores(await first.answer)).toBe(true);
    for (const { leave } of others) leave();
  });

  test('gives each attempt a slot of its own', async () => {
    const { ask, callOf, inner } = column(2);
    const { answer } = ask('first', 60_000);
    await settle();
    callOf('first')!.fail(BROKEN);
    await settle();
    callOf('first')!.fail(BROKEN);
    await settle();
    // Two attempts have used up the window.
    expect(inner.calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(WINDOW_MS);
    expect(inner.calls).toHaveLength(3);
    callOf('first')!.answer();
    expect(isScores(await answer)).toBe(true);
  });

  test('is told to those who would not wait as long, and made for those who would', async () => {
    const { ask, callOf } = column(1);
    const patient = ask('same', 60_000);
    const hurried = ask('same', 3000);
    await settle();
    callOf('same')!.fail(BROKEN);
    await settle();
    expect(await hurried.answer).toMatchObject({ kind: 'wait_too_long' });
    await vi.advanceTimersByTimeAsync(WINDOW_MS);
    callOf('same')!.answer();
    expect(isScores(await patient.answer)).toBe(true);
  });

  test('that has no room in time ends in what the upstream said, for everybody', async () => {
    const { ask, callOf } = column(1);
    const members = [ask('same', 2000), ask('same', 3000)];
    await settle();
    callOf('same')!.fail(BROKEN);
    await settle();
    for (const { answer } of members) expect(await answer).toBe(BROKEN);
  });
});

test('nobody who joins a call under way is sent away for the wait that it has behind it', async () => {
  const { ask, callOf } = column(1);
  ask('before', 60_000);
  await settle();
  callOf('before')!.answer();
  const ahead = Array.from({ length: 3 }, (_, i) => ask(`ahead ${i}`, 60_000));
  await settle();
  // Its answer is expected in forty seconds; then those ahead of it leave.
  const first = ask('same', 60_000);
  await settle();
  for (const { leave } of ahead) leave();
  await vi.advanceTimersByTimeAsync(WINDOW_MS);
  expect(callOf('same')).toBeDefined();
  const joiner = ask('same', 1000);
  await settle();
  callOf('same')!.answer();
  expect([await first.answer, await joiner.answer].map(isScores)).toEqual([true, true]);
});
