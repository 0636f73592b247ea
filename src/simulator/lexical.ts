/**
 * Scores that need no model: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009), divided by
 * the most it could reach, so that it stays in [0, 1).
 */

import { fingerprint, type Profile, profile, spread, words } from './words.ts';

/** BM25's usual parameters: how soon repeated words stop counting, and how much long documents are held back. */
const K1 = 1.2;
const B = 0.75;

/** Words in an average document. Fixed, since a pointwise score may not know other documents. */
const AVERAGE_LENGTH = 150;

/**
 * Share of the score that comes from the exact characters instead of the words. Like a real model, different documents
 * then get different scores, even without a common word, and a score given to the wrong document shows.
 */
const TEXTURE = 1e-4;

/** What stands beside the document: nothing in pointwise mode, statistics of the set in listwise mode. */
interface Setting {
  /** Of each term of the query. */
  readonly weights: readonly number[];
  readonly averageLength: number;
  /** Added to every document's fingerprint. */
  readonly salt: number;
}

/** Longer words tend to be rarer: a stand-in for IDF that needs no corpus. */
const pointwiseSetting = (terms: readonly string[]): Setting => ({
  weights: terms.map((term) => term.length),
  averageLength: AVERAGE_LENGTH,
  salt: 0,
});

/** All statistics are sums of integers over distinct documents: the same bits whatever the order and the duplicates. */
function listwiseSetting(terms: readonly string[], distinct: ReadonlyMap<string, Profile>): Setting {
  const frequencies = new Array<number>(terms.length).fill(0);
  let length = 0;
  let salt = 0;
  for (const [text, { length: own, counts }] of distinct) {
    length += own;
    salt = (salt + fingerprint(text)) >>> 0;
    for (let i = 0; i < counts.length; i++) if (counts[i]! > 0) frequencies[i]! += 1;
  }
  const size = distinct.size;
  return {
    weights: frequencies.map((n) => Math.log(1 + (size - n + 0.5) / (n + 0.5))),
    averageLength: Math.max(1, length / size),
    salt,
  };
}

function relevance({ counts, length }: Profile, { weights, averageLength }: Setting): number {
  const damping = K1 * (1 - B + (B * length) / averageLength);
  let sum = 0;
  let most = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += (weights[i]! * counts[i]!) / (counts[i]! + damping);
    most += weights[i]!;
  }
  // A query of punctuation only has no terms.
  return most === 0 ? 0 : sum / most;
}

/**
 * Scores in [0, 1], in the order of the documents, deterministic bit for bit.
 *
 * `pointwise`: a score depends on the query and its own document only. `listwise`: also on the set of distinct
 * documents in the call (rarity of each term, average length), but not on their order or on duplicates.
 */
export function lexicalScores(
  query: string,
  documents: readonly string[],
  mode: 'pointwise' | 'listwise',
): number[] {
  const terms = [...new Set(words(query))];
  const indexes = new Map(terms.map((term, index) => [term, index]));
  const distinct = new Map<string, Profile>();
  for (const text of documents) if (!distinct.has(text)) distinct.set(text, profile(text, indexes));

  const setting = mode === 'pointwise' ? pointwiseSetting(terms) : listwiseSetting(terms, distinct);
  const seed = fingerprint(query);
  const scores = new Map<string, number>();
  for (const [text, seen] of distinct) {
    const texture = spread(fingerprint(text, seed) + setting.salt);
    scores.set(text, (1 - TEXTURE) * relevance(seen, setting) + TEXTURE * texture);
  }
  return documents.map((text) => scores.get(text)!);
}
