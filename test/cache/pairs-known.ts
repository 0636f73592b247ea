/** Scored pairs as a tier may know them, for an ask: some documents, each with an age of its own. */

import fc from 'fast-check';
import { type Pairs, pack } from '../../src/cache/pairs.ts';
import type { ItemCall } from '../../src/calls/call.ts';
import { LATE, STALE, TTL } from '../column/memories.ts';
import { aCall, type CallOptions, scoreOf } from '../support/fakes.ts';

/** Documents that asks choose from; texts that are nearly the same among them. */
export const DOCUMENTS = ['a', 'b', 'c', 'd', 'e', 'f', 'aa', 'a ', 'A', 'é', 'e\u0301', '😀', '1', '1:a'];

/** Some of them in any order, each once; often only a few. */
export const documents = fc.oneof(
  fc.shuffledSubarray(DOCUMENTS, { minLength: 1, maxLength: 4 }),
  fc.shuffledSubarray(DOCUMENTS, { minLength: 1 }),
);

/** What the upstream said of a pair when it was asked at a moment: another score each time. */
export const scoreAt = (query: string, document: string, moment: number): number =>
  scoreOf(query, `${document} at ${moment}`);

/** Milliseconds: fresh, late, stale or useless by the lifetime of these tests, none of them rare. */
const age = fc.oneof(
  fc.nat({ max: TTL }),
  fc.integer({ min: TTL, max: TTL + LATE + 1 }),
  fc.integer({ min: TTL, max: TTL + STALE + 1 }),
  fc.nat({ max: 2 * TTL }),
);

/** Ages in milliseconds by document. */
export type Ages = ReadonlyMap<string, number>;

export const ages: fc.Arbitrary<Ages> = fc
  .tuple(
    fc.oneof(fc.shuffledSubarray(DOCUMENTS), fc.shuffledSubarray(DOCUMENTS, { minLength: DOCUMENTS.length })),
    fc.array(age, { minLength: DOCUMENTS.length, maxLength: DOCUMENTS.length }),
  )
  .map(([texts, all]) => new Map(texts.map((document, i) => [document, all[i]!])));

/** The pairs of an ask's question that such a tier has, in the order in which it came to know them. */
export const pairsKnown = ({ query }: Pick<ItemCall, 'query'>, known: Ages, now: number): Pairs => {
  const texts = [...known.keys()];
  const moments = texts.map((document) => now - known.get(document)!);
  return pack(
    aCall({ items: texts }).identity.digests,
    Float64Array.from(texts, (document, i) => scoreAt(query, document, moments[i]!)),
    Float64Array.from(moments),
  );
};

/** What a caller may say of the caches. */
export const cacheTerms: fc.Arbitrary<NonNullable<CallOptions['cache']>> = fc.record({
  read: fc.constantFrom(true, true, true, false),
  maxAgeMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.constant(Number.POSITIVE_INFINITY), age),
  staleIfError: fc.constantFrom(true, true, false),
});
