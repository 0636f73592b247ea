/** What a cache tier knows of an ask, and how the rest is asked for: the same for every tier. */

import { toRerankError } from '../calls/errors.ts';
import { assemble } from '../calls/parts.ts';
import { type Ask, NO_TIME, type Scores, type Source, subAsk } from '../calls/scoring.ts';
import { documentsToAsk } from '../endpoints/rerank/cost.ts';
import { freshness, type Lifetime } from './freshness.ts';
import { find, type Pairs } from './pairs.ts';

export interface Recollection {
  /** Documents that can be answered at once, by their places in the ask, and their scores. */
  readonly known: readonly number[];
  readonly scores: Scores;
  /** The others, in the ask's order: what is asked for. */
  readonly wanted: readonly number[];
  /** Answers everything when the upstream fails; undefined when something was never scored, or is too old. */
  readonly standIn: Scores | undefined;
}

export interface RecollectionOptions {
  readonly lifetime: Lifetime;
  readonly source: Source;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Sorts the documents of an ask by what a tier's pairs of its question say about them. */
export const recollect = (pairs: Pairs, ask: Ask, options: RecollectionOptions): Recollection => {
  const { lifetime, source, now } = options;
  const rows = find(pairs, ask.identity.digests);
  const known: number[] = [];
  const missing: number[] = [];
  const late = new Set<number>();
  let complete = true;
  for (const [place, row] of rows.entries()) {
    const state = row < 0 ? 'unusable' : freshness(now - pairs[row + 3]!, lifetime, ask.cache);
    if (state === 'fresh' || state === 'renewable') known.push(place);
    else missing.push(place);
    if (state === 'renewable') late.add(place);
    if (state === 'unusable') complete = false;
  }
  const tell = (places: readonly number[], stale: boolean): Scores => ({
    values: Float64Array.from(places, (place) => pairs[rows[place]! + 2]!),
    scoredAt: Float64Array.from(places, (place) => pairs[rows[place]! + 3]!),
    sources: new Array<Source>(places.length).fill(source),
    searchUnits: 0,
    stale,
    stored: false,
    timing: NO_TIME,
    rateLimit: {},
  });
  const answer = (places: readonly number[]): Scores =>
    tell(
      places,
      places.some((place) => late.has(place)),
    );
  if (missing.length === 0) return { known, scores: answer(known), wanted: [], standIn: undefined };

  const all = Array.from(rows.keys());
  const standIn = complete ? tell(all, true) : undefined;
  // What depends on its companions is asked for together with them, or not at all.
  if (ask.identity.whole) return { known: [], scores: answer([]), wanted: all, standIn };
  const chosen = documentsToAsk({
    missing,
    known: known.map((place) => ({ index: place, ageMs: now - pairs[rows[place]! + 3]! })),
    queryBytes: Buffer.byteLength(ask.query),
    bytesOf: (place) => Buffer.byteLength(ask.documents[place]!),
    ttlMs: lifetime.ttlMs,
  });
  const asked = new Set(chosen);
  const kept = known.filter((place) => !asked.has(place));
  return { known: kept, scores: answer(kept), wanted: all.filter((place) => asked.has(place)), standIn };
};

/**
 * Answers an ask from a recollection, and the rest of it from `obtain`. Calls that synchronously, or not at all.
 * @param obtain gets the rest, and which places of the ask its documents have there, one for each
 */
export const complete = (
  ask: Ask,
  { known, scores, wanted, standIn }: Recollection,
  obtain: (rest: Ask, places: readonly number[]) => Promise<Scores>,
): Promise<Scores> => {
  if (wanted.length === 0) return Promise.resolve(scores);
  const isAll = known.length === 0 && wanted.every((place, i) => place === i);
  return obtain(isAll ? ask : subAsk(ask, wanted), wanted).then(
    (obtained) =>
      isAll
        ? obtained
        : assemble(ask.documents.length, [
            { places: known, scores },
            { places: wanted, scores: obtained },
          ]),
    (thrown) => {
      if (standIn === undefined || !toRerankError(thrown).rule.staleIfError) throw thrown;
      return standIn;
    },
  );
};
