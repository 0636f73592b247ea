import { beforeEach, describe, expect, test } from 'vitest';
import type { ItemReply } from '../../src/calls/call.ts';
import { ScriptedScorer, scoreOf, scoresOf, until } from '../support/fakes.ts';
import { BODY, Desk, MODEL } from './desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

describe('an answer', () => {
  test('ranks the caller’s own documents, duplicates included', async () => {
    const documents = ['a', 'b', 'a'];
    const body = (await (await desk.post({ body: { ...BODY, documents } })).json()) as {
      results: { index: number; relevance_score: number }[];
    };
    const expected = documents.map((document, index) => ({ index, relevance_score: scoreOf('q', document) }));
    expected.sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index);
    expect(body.results).toEqual(expected);
  });

  test('is noted for the ledger, documents as sent and sources as answered', async () => {
    const sources: ItemReply['sources'] = ['redis', 'upstream'];
    desk.inner.respond = (ask) => scoresOf(ask, { sources, spent: 2 });
    await desk.post({ body: { ...BODY, documents: ['a', 'b', 'a'] } });
    expect(desk.records[0]).toMatchObject({
      model: MODEL,
      documents: 3,
      sources: { redis: 1, upstream: 1 },
      searchUnits: 2,
      outcome: 'partial',
      status: 200,
    });
  });

  test('to a model that is not served notes no model', async () => {
    expect((await desk.post({ body: { ...BODY, model: 'secret-model' } })).status).toBe(404);
    expect(desk.records[0]!.model).toBeUndefined();
    expect(desk.inner.asks).toHaveLength(0);
  });
});

describe('a request under way', () => {
  test('is open while it is scored, and closed whatever comes of it', async () => {
    let open = 0;
    desk.inner.respond = (ask) => {
      open = desk.callers.size;
      return scoresOf(ask);
    };
    await desk.post();
    expect([open, desk.callers.size]).toEqual([1, 0]);
    desk.inner.failWith(new TypeError('a bug'));
    expect((await desk.post()).status).toBe(500);
    expect(desk.callers.size).toBe(0);
  });

  test('ends when its caller disconnects', async () => {
    const scorer = new ScriptedScorer();
    const connection = new AbortController();
    const answer = desk.post({ options: { service: scorer }, signal: connection.signal });
    await until(() => scorer.calls.length > 0);
    const [{ ask, fail }] = scorer.calls as [ScriptedScorer['calls'][number]];
    expect(ask.terms.signal.aborted).toBe(false);
    connection.abort();
    await until(() => ask.terms.signal.aborted);
    expect(ask.terms.signal.reason).toMatchObject({ kind: 'client_gone' });
    fail(ask.terms.signal.reason);
    expect((await answer).status).toBe(499);
    expect(desk.records[0]).toMatchObject({ outcome: 'error', error: 'client_gone' });
  });
});
