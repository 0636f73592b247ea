/**
 * What scoring needs to know of a text: its words, and a number that tells it from other texts.
 */

/** Letters with their marks, and digits. Scripts written without spaces give one word per run. */
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** The lower-cased words of a text, in order. */
export const words = (text: string): readonly string[] => text.toLowerCase().match(WORD) ?? [];

/** 32-bit FNV-1a over the UTF-16 code units, continued from `seed`. Not for security. */
export function fingerprint(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Spreads the bits of a 32-bit number (MurmurHash3's finalizer), as a fraction in [0, 1). */
export function spread(bits: number): number {
  let hash = bits | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

export interface Profile {
  /** Number of words. */
  readonly length: number;
  /** How often each term of the query occurs, by the term's index. */
  readonly counts: readonly number[];
}

/** A text seen through a query's terms (`term → index`); other words only count towards the length. */
export function profile(text: string, terms: ReadonlyMap<string, number>): Profile {
  const counts = new Array<number>(terms.size).fill(0);
  const all = words(text);
  for (const word of all) {
    const index = terms.get(word);
    if (index !== undefined) counts[index]! += 1;
  }
  return { length: all.length, counts };
}
