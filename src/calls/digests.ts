/**
 * Documents by their digests: 128 bits of a SHA-256, so that an author of documents cannot afford to find two with the same
 * digest. Their bytes in memory are those of a row of pairs, in memory and in Redis.
 */

import { hash, randomInt } from 'node:crypto';
import type { Item } from './item.ts';

export const DIGEST_BYTES = 16;

/** Numbers per digest: doubles to copy it, words of 32 bits to compare it. */
export const DIGEST_NUMBERS = DIGEST_BYTES / Float64Array.BYTES_PER_ELEMENT;
export const DIGEST_WORDS = DIGEST_BYTES / Uint32Array.BYTES_PER_ELEMENT;

/** The same bytes as words. Doubles of arbitrary bytes may be NaN, which equals nothing and loses its bits when it is read. */
export const wordsOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT);

export class Digests {
  /** The digest of document i: numbers 2i and 2i + 1. Copy them together; never read one of them. */
  readonly numbers: Float64Array;
  /** The same bytes: words 4i to 4i + 3. */
  readonly words: Uint32Array;
  /** The documents, each found by its digest. Built when first needed: most calls are looked up in one place only. */
  #index: Int32Array | undefined;

  constructor(numbers: Float64Array) {
    this.numbers = numbers;
    this.words = wordsOf(numbers);
  }

  /** @param documents well-formed: texts with a lone surrogate have no UTF-8 form of their own, and could collide */
  static of(documents: readonly Item[]): Digests {
    const numbers = new Float64Array(DIGEST_NUMBERS * documents.length);
    const bytes = Buffer.from(numbers.buffer);
    for (const [i, document] of documents.entries()) {
      // One byte a character: the cheapest encoding in which `hash` returns a digest.
      bytes.write(hash('sha256', document, 'binary'), DIGEST_BYTES * i, DIGEST_BYTES, 'latin1');
    }
    return new Digests(numbers);
  }

  /** Digests of slices of a body, which are hashed as they stand. @param bounds begin and end of each slice, alternating */
  static ofSlices(body: Buffer, bounds: Uint32Array): Digests {
    const count = bounds.length / 2;
    const numbers = new Float64Array(DIGEST_NUMBERS * count);
    const bytes = Buffer.from(numbers.buffer);
    for (let i = 0; i < count; i++) {
      const digest = hash('sha256', body.subarray(bounds[2 * i], bounds[2 * i + 1]), 'binary');
      bytes.write(digest, DIGEST_BYTES * i, DIGEST_BYTES, 'latin1');
    }
    return new Digests(numbers);
  }

  get count(): number {
    return this.numbers.length / DIGEST_NUMBERS;
  }

  /** The digests of some of the documents, in the order given. */
  subset(documents: readonly number[]): Digests {
    const some = new Digests(new Float64Array(DIGEST_NUMBERS * documents.length));
    for (const [place, document] of documents.entries()) {
      for (let word = 0; word < DIGEST_WORDS; word++) {
        some.words[DIGEST_WORDS * place + word] = this.words[DIGEST_WORDS * document + word]!;
      }
    }
    return some;
  }

  /** A document's digest as text; different digests have different texts. */
  nameOf(document: number): string {
    return this.words.subarray(DIGEST_WORDS * document, DIGEST_WORDS * (document + 1)).join('.');
  }

  /** The first document with the same digest as this one. */
  firstLike(document: number): number {
    return this.indexOf(this.words, DIGEST_WORDS * document);
  }

  /** The first document whose digest equals the one at `words[at]`; −1: none. */
  indexOf(words: Uint32Array, at: number): number {
    this.#index ??= this.#indexed();
    const index = this.#index;
    const last = index.length - 1;
    for (let slot = slotOf(words[at]!, last); ; slot = (slot + 1) & last) {
      const document = index[slot]! - 1;
      if (document < 0 || this.#is(document, words, at)) return document;
    }
  }

  #is(document: number, words: Uint32Array, at: number): boolean {
    const own = DIGEST_WORDS * document;
    return (
      this.words[own] === words[at] &&
      this.words[own + 1] === words[at + 1] &&
      this.words[own + 2] === words[at + 2] &&
      this.words[own + 3] === words[at + 3]
    );
  }

  /** A hash table with open addressing, at most half full: in each slot a document's index and 1, or 0. */
  #indexed(): Int32Array {
    const index = new Int32Array(2 << Math.ceil(Math.log2(this.count + 1)));
    const last = index.length - 1;
    for (let document = 0; document < this.count; document++) {
      const at = DIGEST_WORDS * document;
      let slot = slotOf(this.words[at]!, last);
      while (index[slot] !== 0 && !this.#is(index[slot]! - 1, this.words, at)) slot = (slot + 1) & last;
      // Of equal digests the first stays.
      if (index[slot] === 0) index[slot] = document + 1;
    }
    return index;
  }
}

/** Drawn by each process, so that nobody can choose documents whose digests all begin at the same slot. */
const [SEED, FACTOR] = [randomInt(2 ** 32), randomInt(2 ** 31) * 2 + 1];

/** Where the search for a digest begins, by its first word. @param last the last slot, one less than a power of two */
const slotOf = (word: number, last: number): number => (Math.imul(word ^ SEED, FACTOR) >>> 7) & last;

/** The digests of several lists of documents, one list after the other. */
export const concatenate = (lists: readonly Digests[]): Digests => {
  const numbers = new Float64Array(lists.reduce((sum, list) => sum + list.numbers.length, 0));
  let at = 0;
  for (const list of lists) {
    numbers.set(list.numbers, at);
    at += list.numbers.length;
  }
  return new Digests(numbers);
};
