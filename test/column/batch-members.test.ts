import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { SharedTerms } from '../../src/column/shared/shared-terms.ts';
import { aCall, failure, isSettled, turns, valuesOf } from '../support/fakes.ts';
import { batches } from './batches.ts';

describe('the members of one call', () => {
  test('are told when to expect the answer, whenever they have come', () => {
    const { calls, ask } = batches();
    const early = ask(['a']);
    calls[0]!.ask.onQueued!(5000);
    const late = ask(['b']);
    calls[0]!.ask.onQueued!(4000);
    expect([early.told, late.told]).toEqual([
      [5000, 4000],
      [5000, 4000],
    ]);
  });

  test('have it placed by the most urgent, and kept for the most patient', () => {
    const { calls, ask } = batches();
    ask(['a'], { terms: { client: 'search', urgency: 5, deadline: 1000 } });
    const urgent = ask(['b'], { terms: { client: 'chatbot', urgency: 1, deadline: 500 } });
    ask(['c'], { terms: { urgency: 7, deadline: 9000 } });
    const { terms } = calls[0]!.ask;
    expect(terms).toMatchObject({ client: 'search', urgency: 1, deadline: 9000 });
    expect(calls[0]!.newcomers).toEqual([
      { client: 'chatbot', urgency: 1 },
      { client: 'search', urgency: 7 },
    ]);
    urgent.leave();
    expect(terms.urgency).toBe(5);
  });

  test('bring with them whoever joins them later', () => {
    const { calls, ask } = batches();
    const shared = new SharedTerms('search', new AbortController().signal, () => [aCall().terms]);
    ask(['a']);
    ask(['b'], { terms: { onNewcomer: shared.onNewcomer } });
    shared.announce({ client: 'chatbot', urgency: 0 });
    expect(calls[0]!.newcomers.at(-1)).toEqual({ client: 'chatbot', urgency: 0 });
  });

  test('fail together, with the same error', async () => {
    const { calls, ask } = batches();
    const asks = [ask(['a']), ask(['b'])];
    const error = new RerankError('upstream_failed');
    calls[0]!.grant();
    calls[0]!.fail(error);
    for (const { answer } of asks) expect(await failure(answer)).toBe(error);
    ask(['a']);
    expect(calls).toHaveLength(2);
  });

  test('fail together when it never got a slot, and the next one begins anew', async () => {
    const { calls, ask } = batches();
    const asks = [ask(['a']), ask(['b'])];
    calls[0]!.fail(new RerankError('queue_full'));
    for (const { answer } of asks) expect((await failure(answer)).kind).toBe('queue_full');
    ask(['c']);
    expect(calls[1]!.grant()).toEqual(['c']);
  });

  test('leave one by one; the call ends with the last', async () => {
    const { calls, ask } = batches();
    const asks = [ask(['a']), ask(['b'])];
    asks[0]!.leave();
    expect((await failure(asks[0]!.answer)).kind).toBe('client_gone');
    expect(calls[0]!.ask.terms.signal.aborted).toBe(false);
    expect(await isSettled(asks[1]!.answer)).toBe(false);
    asks[1]!.leave();
    expect(calls[0]!.ask.terms.signal.reason).toMatchObject({ kind: 'client_gone' });
    ask(['c']);
    expect(calls).toHaveLength(2);
  });

  test('of a call that is made again are those who still wait', async () => {
    const { calls, ask } = batches();
    const asks = [ask(['a']), ask(['b', 'c']), ask(['d'])];
    expect(calls[0]!.grant()).toEqual(['a', 'b', 'c', 'd']);
    asks[1]!.leave();
    ask(['e']);
    expect(calls[0]!.grant()).toEqual(['a', 'd']);
    calls[0]!.answer();
    expect((await asks[2]!.answer).values).toEqual(valuesOf(aCall({ items: ['d'] })));
    expect((await asks[0]!.answer).values).toEqual(valuesOf(aCall({ items: ['a'] })));
  });

  test.each(['answer', 'failure', 'leaving'])(
    'are forgotten by an %s: nothing listens to them',
    async (end) => {
      const subscribed = new Set<unknown>();
      const onNewcomer = (tell: unknown) => {
        subscribed.add(tell);
        return () => subscribed.delete(tell);
      };
      const { calls, ask } = batches();
      const asks = [ask(['a'], { terms: { onNewcomer } }), ask(['b'], { terms: { onNewcomer } })];
      expect(subscribed.size).toBe(2);
      calls[0]!.grant();
      if (end === 'answer') calls[0]!.answer();
      else if (end === 'failure') calls[0]!.fail(new RerankError('upstream_failed'));
      else for (const { leave } of asks) leave();
      await turns();
      expect(subscribed.size).toBe(0);
      for (const { signal } of asks) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    },
  );

  test('do not include who has left before joining: no call is made for him', async () => {
    const { calls, ask } = batches();
    const gone = ask(['a'], { terms: { signal: AbortSignal.abort(new RerankError('client_gone')) } });
    expect((await failure(gone.answer)).kind).toBe('client_gone');
    expect(calls).toHaveLength(0);
    ask(['b']);
    expect(calls[0]!.grant()).toEqual(['b']);
  });
});

describe('what a call cost', () => {
  test.each([[[]], [[0]], [[0, 1]], [[2]], [[1, 2, 3]]])(
    'is billed to exactly one of four when those at %j have left after the slot was granted',
    async (gone) => {
      const { calls, ask } = batches();
      const asks = ['a', 'b', 'c', 'd'].map((document) => ask([document]));
      calls[0]!.grant();
      for (const i of gone) asks[i]!.leave();
      calls[0]!.answer({ spent: 3 });
      const stayed = await Promise.all(
        asks.filter((_, i) => !gone.includes(i as never)).map(({ answer }) => answer),
      );
      expect(stayed.map(({ spent }) => spent)).toEqual(stayed.map((_, i) => (i === 0 ? 3 : 0)));
    },
  );

  test('and brought is told as joined to all but the one who began it', async () => {
    const { calls, ask } = batches();
    const asks = [ask(['a']), ask(['b'])];
    calls[0]!.grant();
    calls[0]!.answer();
    expect((await asks[0]!.answer).sources).toEqual(['upstream']);
    expect((await asks[1]!.answer).sources).toEqual(['joined']);
  });
});
