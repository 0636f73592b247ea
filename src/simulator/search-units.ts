/**
 * What a call costs, as Cohere and Heroku bill it: one search unit is one query with up to 100 documents, and a document
 * that has more than 500 tokens together with the query counts as several.
 */

/** Tokens that one chunk holds, query included. */
const CHUNK_TOKENS = 500;
const CHUNKS_PER_UNIT = 100;

/** A query takes at most half a chunk: otherwise a long one would leave no room for the documents. Our own rule. */
const MOST_QUERY_TOKENS = CHUNK_TOKENS / 2;

/**
 * Four UTF-8 bytes a token, rounded up: about right for English (four characters a token), for Cyrillic or Greek (two)
 * and for Chinese or Japanese (a little over one). An estimate: the real tokenizers are not public for every model.
 */
export const estimatedTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);

/** Search units of one call. */
export function searchUnits(query: string, documents: readonly string[]): number {
  const room = CHUNK_TOKENS - Math.min(estimatedTokens(query), MOST_QUERY_TOKENS);
  let chunks = 0;
  for (const text of documents) chunks += Math.max(1, Math.ceil(estimatedTokens(text) / room));
  return Math.ceil(chunks / CHUNKS_PER_UNIT);
}
