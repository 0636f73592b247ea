import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryByQuestion } from '../../src/cache/by-question.ts';
import { freshness } from '../../src/cache/freshness.ts';
import { complete, lookUp } from '../../src/cache/lookup.ts';
import type { Known } from '../../src/cache/stores.ts';
import type { ItemCall, ItemReply, Source } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { LIFETIME, TTL } from '../column/memories.ts';
import { aCall, failure, scoresOf, textsOf } from '../support/fakes.ts';
import { type Ages, ages, cacheTerms, documents, pairsKnown, scoreAt } from './pairs-known.ts';

const NOW = 1_700_000_000_000;

const options = { lifetime: LIFETIME, source: 'redis', now: NOW } as const;

/** The answer from upstream, now. */
const asked = (ask: ItemCall): ItemReply =>
  scoresOf(ask, {
    values: Float64Array.from(textsOf(ask), (document) => scoreAt(ask.query, document, NOW)),
    takenAt: NOW,
  });

/** What a tier knows of an ask's documents, kept by question. */
const knownTo = (ask: ItemCall, known: Ages): Known<Float64Array> => {
  const store = { get: () => pairsKnown(ask, known, NOW), add: () => {} };
  return memoryByQuestion(store).find(ask.identity)!;
};

/** An ask, what a tier knows, and by document what the rules say of it. */
const situation = fc
  .record({ items: documents, known: ages, cache: cacheTerms, whole: fc.boolean() })
  .map(({ known, whole, ...over }) => {
    const ask = aCall({ whole, ...over });
    const stateOf = (document: string) =>
      known.has(document) ? freshness(known.get(document)!, LIFETIME, ask.cache) : 'unusable';
    const answers = (document: string): boolean => ['fresh', 'renewable'].includes(stateOf(document));
    const everything = ask.items.every(answers);
    // When there is a call anyway, what is past half of its freshness goes along: so few documents cost nothing more.
    const reused = (document: string): boolean =>
      everything || (!whole && answers(document) && known.get(document)! <= TTL / 2);
    return { ask, known, stateOf, answers, reused, pairs: knownTo(ask, known) };
  });

/** By document, in a form that can be compared. */
const byDocument = (ask: ItemCall, { values, takenAt, sources }: ItemReply) =>
  textsOf(ask).map((document, i) => [document, values[i], takenAt[i], sources[i]]);

const fromTier = (ask: ItemCall, known: Ages) =>
  textsOf(ask).map((document) => {
    const moment = NOW - known.get(document)!;
    return [document, scoreAt(ask.query, document, moment), moment, 'redis'];
  });

describe('an ask of which a tier knows some pairs', () => {
  test('gets for every document exactly its own score, from the tier where that may answer', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ ask, known, reused, pairs }) => {
        const scores = await complete(
          ask,
          lookUp(pairs, ask, { ...options, choose: RERANK.choose }),
          async (rest) => asked(rest),
        );
        expect(byDocument(ask, scores)).toEqual(
          ask.items.map((document) => {
            const moment = reused(document) ? NOW - known.get(document)! : NOW;
            const source: Source = reused(document) ? 'redis' : 'upstream';
            return [document, scoreAt(ask.query, document, moment), moment, source];
          }),
        );
        expect(scores.spent).toBe(ask.items.every(reused) ? 0 : 1);
      }),
      { numRuns: 500 },
    );
  });

  test('asks on once and for the rest only, and of a whole set for all of it or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ ask, reused, pairs }) => {
        const rests: ItemCall[] = [];
        await complete(ask, lookUp(pairs, ask, { ...options, choose: RERANK.choose }), async (rest) => {
          rests.push(rest);
          return asked(rest);
        });
        const expected = ask.items.filter((document) => !reused(document));
        expect(rests.map(({ items: documents }) => documents.toSorted())).toEqual(
          expected.length > 0 ? [expected.toSorted()] : [],
        );
        for (const { items: documents, identity } of rests) {
          expect(identity.question).toBe(ask.identity.question);
          expect(identity.digests.numbers).toEqual(aCall({ items: documents }).identity.digests.numbers);
        }
      }),
    );
  });

  test('is late exactly when something that answers is past its freshness', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ ask, reused, stateOf, pairs }) => {
        const { stale } = await complete(
          ask,
          lookUp(pairs, ask, { ...options, choose: RERANK.choose }),
          async (rest) => asked(rest),
        );
        const late = ask.items.filter((document) => reused(document) && stateOf(document) === 'renewable');
        expect(stale).toBe(late.length > 0);
      }),
    );
  });
});

describe('when what the tier does not know cannot be had', () => {
  const kind = fc.constantFrom(
    ...(['upstream_failed', 'upstream_throttled', 'no_upstream', 'deadline'] as const),
    ...(['wait_too_long', 'queue_full', 'client_gone', 'upstream_invalid', 'not_cached'] as const),
  );

  test('what is stale stands in for all, or for nothing; and only for errors that allow it', async () => {
    let stoodIn = 0;
    await fc.assert(
      fc.asyncProperty(situation, kind, async ({ ask, known, answers, stateOf, pairs }, kind) => {
        const error = new RerankError(kind);
        const result = complete(ask, lookUp(pairs, ask, { ...options, choose: RERANK.choose }), () =>
          Promise.reject(error),
        );
        const all = ask.items.every((document) => stateOf(document) !== 'unusable');
        const atOnce = ask.items.every(answers);
        if (!atOnce && !(all && error.rule.staleIfError)) {
          expect(await failure(result)).toBe(error);
          return;
        }
        const scores = await result;
        expect(byDocument(ask, scores)).toEqual(fromTier(ask, known));
        expect(scores).toMatchObject({ spent: 0, stored: false });
        if (atOnce) return;
        expect(scores.stale).toBe(true);
        stoodIn++;
      }),
      { numRuns: 1000 },
    );
    expect(stoodIn).toBeGreaterThan(20);
  });

  test('a bug is not hidden', async () => {
    const ask = aCall({ items: ['a'] });
    const pairs = knownTo(ask, new Map([['a', 1400]]));
    const broken = complete(ask, lookUp(pairs, ask, { ...options, choose: RERANK.choose }), () =>
      Promise.reject(new TypeError('a bug')),
    );
    await expect(broken).rejects.toThrow('a bug');
  });
});

test('an ask of which a tier knows nothing is passed on as it is', async () => {
  const ask = aCall();
  let passed: ItemCall | undefined;
  const scores = asked(ask);
  const answer = complete(ask, lookUp(knownTo(ask, new Map()), ask, options), async (rest) => {
    passed = rest;
    return scores;
  });
  // In the same step, so that nobody can come between.
  expect(passed).toBe(ask);
  expect(await answer).toBe(scores);
});
