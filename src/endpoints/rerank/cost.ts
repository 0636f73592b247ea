/**
 * Which documents a call should hold when some of a request's scores are known: a matter of calls and search units.
 *
 * A search unit is one query with up to 100 documents; a document that has more than 500 tokens together with the query
 * counts as several (Heroku Inference and Cohere bill it so). So the cost of a call moves in steps, and up to the next step
 * documents are free: with 3 missing of 90, sending all 90 costs the same unit. The gain is fewer later calls: a score that
 * is renewed along with others is fresh for another whole lifetime, and the scores of a question then expire together, not
 * one after the other with a call for each. The price is a larger and slower call, so:
 *
 * - Never more calls, and never more units: known documents only fill the room that the missing ones leave.
 * - Only scores past half of their freshness are added. Renewing a younger one would gain little, and so no document is sent
 *   more than twice as often as its score expires.
 * - Nothing is renewed for its own sake: without a missing document there is no call.
 */

import type { Aged } from '../../calls/endpoint.ts';

const CHUNKS_PER_UNIT = 100;
const CHUNK_TOKENS = 500;
/** A query counts as at most half a chunk, or a long one would leave no room for documents. Our own rule. */
const MOST_QUERY_TOKENS = CHUNK_TOKENS / 2;

/** An estimate, since tokenizers differ by model: four bytes of UTF-8, or four characters of English. */
const BYTES_PER_TOKEN = 4;

/** The most documents that one call may hold. */
const MOST_DOCUMENTS = 1000;

const RENEW_FROM = 0.5;

export interface Choice {
  /** Indices of the documents without a fresh score. */
  readonly missing: readonly number[];
  readonly known: readonly Aged[];
  /** UTF-8 bytes of the query, and of a document of the request. */
  readonly queryBytes: number;
  readonly bytesOf: (index: number) => number;
  /** How long a score is fresh, milliseconds. */
  readonly ttlMs: number;
}

/** The estimated number of chunks as which a document is billed. */
export const estimatedChunks = (documentBytes: number, queryBytes: number): number => {
  const tokens = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);
  const room = CHUNK_TOKENS - Math.min(tokens(queryBytes), MOST_QUERY_TOKENS);
  return Math.max(1, Math.ceil(tokens(documentBytes) / room));
};

/** Indices of the documents to send: all that are missing, then the known ones that are added, the oldest first. */
export const documentsToSend = ({
  missing,
  known,
  queryBytes,
  bytesOf,
  ttlMs,
}: Choice): readonly number[] => {
  const ageing = known.filter(({ ageMs }) => ageMs > RENEW_FROM * ttlMs).sort((a, b) => b.ageMs - a.ageMs);
  if (missing.length === 0 || ageing.length === 0) return missing;
  const chunks = (index: number): number => estimatedChunks(bytesOf(index), queryBytes);
  const chosen = [...missing];
  const needed = missing.reduce((sum, index) => sum + chunks(index), 0);
  let room = Math.ceil(needed / CHUNKS_PER_UNIT) * CHUNKS_PER_UNIT - needed;
  for (const { index } of ageing) {
    if (chosen.length >= MOST_DOCUMENTS) break;
    if (chunks(index) > room) continue;
    room -= chunks(index);
    chosen.push(index);
  }
  return chosen;
};
