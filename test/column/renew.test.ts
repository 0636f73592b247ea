import { beforeEach, describe, expect, test } from 'vitest';
import { memoryByQuestion } from '../../src/cache/by-question.ts';
import { memoryStore } from '../../src/cache/memory-store.ts';
import type { ItemCall, ItemReply, Service } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { recall, remember } from '../../src/column/memory.ts';
import { onlyIfCached } from '../../src/column/only-if-cached.ts';
import { renew } from '../../src/column/renew.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { aCall, type CallOptions, ScriptedScorer, stack, turns } from '../support/fakes.ts';
import { LATE, LIFETIME, STALE, TTL, three } from './memories.ts';

const MAX_WAIT_MS = 25_000;

let now: number;
let hasRoom: boolean;
let upstream: ScriptedScorer;
let scorer: Service;

beforeEach(() => {
  now = 1_700_000_000_000;
  hasRoom = true;
  upstream = new ScriptedScorer();
  const store = memoryByQuestion(memoryStore(1_000_000));
  const clock = { lifetime: LIFETIME, now: () => now };
  scorer = stack(
    upstream,
    renew({ spare: () => hasRoom, maxWaitMs: MAX_WAIT_MS, ...clock }),
    recall({ store, choose: RERANK.choose, ...clock }),
    remember({ store }),
    onlyIfCached(),
  );
});

const ask = (over: CallOptions = {}): Promise<ItemReply> => scorer.answer(aCall(over));

/** Has these scored now. */
const know = async (over: CallOptions = {}): Promise<void> => {
  const answer = ask(over);
  upstream.calls.shift()!.answer({ takenAt: now });
  await answer;
};

/** What the one call under way is about. */
const renewal = (): ItemCall => {
  expect(upstream.calls).toHaveLength(1);
  return upstream.calls[0]!.ask;
};

describe('an answer past its freshness', () => {
  test('is given at once, and scored anew behind it', async () => {
    await know();
    now += TTL + LATE;
    expect(await ask()).toMatchObject({ stale: true, sources: three('memory'), spent: 0 });
    upstream.calls[0]!.answer({ takenAt: now });
    await turns();
    expect(await ask()).toMatchObject({ stale: false, sources: three('memory') });
    expect(upstream.calls).toHaveLength(1);
  });

  test('is scored anew once, however many ask meanwhile', async () => {
    await know();
    now += TTL + 1;
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
    await ask({ items: ['Postgres has backups.'] });
    expect(answers.filter(({ stale }) => stale)).toHaveLength(50);
    expect(upstream.calls).toHaveLength(1);
  });

  test('has only what is late of it scored anew', async () => {
    await know({ items: ['a', 'b'] });
    now += TTL;
    await know({ items: ['c'] });
    now += LATE;
    expect((await ask({ items: ['c', 'b', 'a'] })).stale).toBe(true);
    expect(renewal().items).toEqual(['b', 'a']);
  });

  test('has the whole set scored anew where its scores depend on that', async () => {
    const documents = ['a', 'b', 'c'];
    await know({ items: documents, whole: true });
    now += TTL + 1;
    expect((await ask({ items: documents, whole: true })).stale).toBe(true);
    expect(renewal().items).toEqual(documents);
  });

  test.each(['upstream_failed', 'queue_full'] as const)(
    'is tried again by the next who asks when that fails (%s), and nobody hears',
    async (kind) => {
      await know();
      now += TTL + 1;
      await ask();
      upstream.calls.shift()!.fail(new RerankError(kind));
      await turns();
      expect((await ask()).stale).toBe(true);
      expect(upstream.calls).toHaveLength(1);
    },
  );
});

describe('nothing is scored anew', () => {
  test('that is fresh', async () => {
    await know();
    now += TTL;
    expect((await ask()).stale).toBe(false);
    expect(upstream.calls).toHaveLength(0);
  });

  test('while the window has no room to spare', async () => {
    await know();
    now += TTL + 1;
    hasRoom = false;
    expect((await ask()).stale).toBe(true);
    expect(upstream.calls).toHaveLength(0);
    hasRoom = true;
    await ask();
    expect(upstream.calls).toHaveLength(1);
  });

  test('that only stands in for an error: whoever asks next asks for it anyway', async () => {
    await know();
    now += TTL + STALE;
    const answer = ask();
    upstream.calls.shift()!.fail(new RerankError('upstream_failed'));
    expect((await answer).stale).toBe(true);
    await turns();
    expect(upstream.calls).toHaveLength(0);
  });

  test('for a caller that wants no call made', async () => {
    await know();
    now += TTL + 1;
    expect((await ask({ cache: { forward: false } })).stale).toBe(true);
    await turns();
    expect(upstream.calls).toHaveLength(0);
  });
});

test('nobody pays for it, waits behind it, or can end it by leaving', async () => {
  await know();
  now += TTL + 1;
  const leaver = new AbortController();
  const before = performance.now();
  await scorer.answer(aCall({ traceparent: '00-t', terms: { signal: leaver.signal, urgency: 0 } }));
  leaver.abort(new RerankError('client_gone'));
  const { terms, traceparent } = renewal();
  expect(terms).toMatchObject({ client: '', urgency: 7 });
  expect(terms.signal.aborted).toBe(false);
  expect(terms.deadline).toBeGreaterThanOrEqual(before + MAX_WAIT_MS);
  expect(terms.deadline).toBeLessThanOrEqual(performance.now() + MAX_WAIT_MS);
  expect(traceparent).toBeUndefined();
});
