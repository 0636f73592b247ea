import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freshness } from '../../src/cache/freshness.ts';
import { complete, recollect } from '../../src/cache/recollection.ts';
import { RerankError } from '../../src/calls/errors.ts';
import type { Ask, Scores, Source } from '../../src/calls/scoring.ts';
import { LIFETIME, TTL } from '../column/memories.ts';
import { anAsk, failure, scoresOf } from '../support/fakes.ts';
import { type Ages, ages, cacheTerms, documents, pairsKnown, scoreAt } from './pairs-known.ts';

const NOW = 1_700_000_000_000;

const options = { lifetime: LIFETIME, source: 'redis', now: NOW } as const;

/** The answer from upstream, now. */
const asked = (ask: Ask): Scores =>
  scoresOf(ask, {
    values: Float64Array.from(ask.documents, (document) => scoreAt(ask.query, document, NOW)),
    scoredAt: NOW,
  });

/** An ask, what a tier knows, and by document what the rules say of it. */
const situation = fc
  .record({ documents, known: ages, cache: cacheTerms, whole: fc.boolean() })
  .map(({ known, whole, ...over }) => {
    const ask = anAsk({ whole, ...over });
    const stateOf = (document: string) =>
      known.has(document) ? freshness(known.get(document)!, LIFETIME, ask.cache) : 'unusable';
    const answers = (document: string): boolean => ['fresh', 'renewable'].includes(stateOf(document));
    const everything = ask.documents.every(answers);
    // When there is a call anyway, what is past half of its freshness goes along: so few documents cost nothing more.
    const reused = (document: string): boolean =>
      everything || (!whole && answers(document) && known.get(document)! <= TTL / 2);
    return { ask, known, stateOf, answers, reused, pairs: pairsKnown(ask, known, NOW) };
  });

/** By document, in a form that can be compared. */
const byDocument = ({ documents }: Ask, { values, scoredAt, sources }: Scores) =>
  documents.map((document, i) => [document, values[i], scoredAt[i], sources[i]]);

const fromTier = ({ query, documents }: Ask, known: Ages) =>
  documents.map((document) => {
    const moment = NOW - known.get(document)!;
    return [document, scoreAt(query, document, moment), moment, 'redis'];
  });

describe('an ask of which a tier knows some pairs', () => {
  test('gets for every document exactly its own score, from the tier where that may answer', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ ask, known, reused, pairs }) => {
        const scores = await complete(ask, recollect(pairs, ask, options), async (rest) => asked(rest));
        expect(byDocument(ask, scores)).toEqual(
          ask.documents.map((document) => {
            const moment = reused(document) ? NOW - known.get(document)! : NOW;
            const source: Source = reused(document) ? 'redis' : 'upstream';
            return [document, scoreAt(ask.query, document, moment), moment, source];
          }),
        );
        expect(scores.searchUnits).toBe(ask.documents.every(reused) ? 0 : 1);
      }),
      { numRuns: 500 },
    );
  });

  test('asks on once and for the rest only, and of a whole set for all of it or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ ask, reused, pairs }) => {
        const rests: Ask[] = [];
        await complete(ask, recollect(pairs, ask, options), async (rest) => {
          rests.push(rest);
          return asked(rest);
        });
        const expected = ask.documents.filter((document) => !reused(document));
        expect(rests.map(({ documents }) => documents.toSorted())).toEqual(
          expected.length > 0 ? [expected.toSorted()] : [],
        );
        for (const { documents, identity } of rests) {
          expect(identity.question).toBe(ask.identity.question);
          expect(identity.digests.numbers).toEqual(anAsk({ documents }).identity.digests.numbers);
        }
      }),
    );
  });

  test('is late exactly when something that answers is past its freshness', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ ask, reused, stateOf, pairs }) => {
        const { stale } = await complete(ask, recollect(pairs, ask, options), async (rest) => asked(rest));
        const late = ask.documents.filter(
          (document) => reused(document) && stateOf(document) === 'renewable',
        );
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
        const result = complete(ask, recollect(pairs, ask, options), () => Promise.reject(error));
        const all = ask.documents.every((document) => stateOf(document) !== 'unusable');
        const atOnce = ask.documents.every(answers);
        if (!atOnce && !(all && error.rule.staleIfError)) {
          expect(await failure(result)).toBe(error);
          return;
        }
        const scores = await result;
        expect(byDocument(ask, scores)).toEqual(fromTier(ask, known));
        expect(scores).toMatchObject({ searchUnits: 0, stored: false });
        if (atOnce) return;
        expect(scores.stale).toBe(true);
        stoodIn++;
      }),
      { numRuns: 1000 },
    );
    expect(stoodIn).toBeGreaterThan(20);
  });

  test('a bug is not hidden', async () => {
    const ask = anAsk({ documents: ['a'] });
    const pairs = pairsKnown(ask, new Map([['a', 1400]]), NOW);
    const broken = complete(ask, recollect(pairs, ask, options), () =>
      Promise.reject(new TypeError('a bug')),
    );
    await expect(broken).rejects.toThrow('a bug');
  });
});

test('an ask of which a tier knows nothing is passed on as it is', async () => {
  const ask = anAsk();
  let passed: Ask | undefined;
  const scores = asked(ask);
  const answer = complete(ask, recollect(new Float64Array(0), ask, options), async (rest) => {
    passed = rest;
    return scores;
  });
  // In the same step, so that nobody can come between.
  expect(passed).toBe(ask);
  expect(await answer).toBe(scores);
});
