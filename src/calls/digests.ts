/**
 * Documents by their digests: 128 bits of a SHA-256, so that nobody who writes documents can afford two with the same
 * one. They lie in memory byte for byte as in a row of pairs, in Redis, too.
 */

import { hash } from 'node:crypto';

export const DIGEST_BYTES = 16;

/** Numbers that a digest takes: doubles where it is moved, words of 32 bits where it is compared. */
export const DIGEST_NUMBERS = DIGEST_BYTES / Float64Array.BYTES_PER_ELEMENT;
export const DIGEST_WORDS = DIGEST_BYTES / Uint32Array.BYTES_PER_ELEMENT;

/** The same bytes in words. Doubles made of arbitrary bytes may be NaN, which equals nothing and loses its bits when it is read. */
export const wordsOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT);

export class Digests {
  /** Digest of document i: numbers 2i and 2i + 1. To be copied as a whole, never read one by one. */
  readonly numbers: Float64Array;
  /** The same: words 4i to 4i + 3. */
  readonly words: Uint32Array;
  /** First document with a digest's first word, and for each document the next one with the same; −1 ends. */
  #first: Map<number, number> | undefined;
  #next: Int32Array | undefined;

  constructor(numbers: Float64Array) {
    this.numbers = numbers;
    this.words = wordsOf(numbers);
  }

  /** Of texts that are well-formed: others have no UTF-8 of their own, and could collide. */
  static of(documents: readonly string[]): Digests {
    const numbers = new Float64Array(DIGEST_NUMBERS * documents.length);
    const bytes = Buffer.from(numbers.buffer);
    for (const [i, document] of documents.entries()) {
      // One byte a character: the cheapest form in which the digest comes.
      bytes.write(hash('sha256', document, 'binary'), DIGEST_BYTES * i, DIGEST_BYTES, 'latin1');
    }
    return new Digests(numbers);
  }

  /** Of texts that are slices of a body: where each begins and ends, in turn. Bytes of UTF-8 are their own text. */
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

  /** The digest of a document as a word, the same for the same digest only. */
  nameOf(document: number): string {
    return this.words.subarray(DIGEST_WORDS * document, DIGEST_WORDS * (document + 1)).join('.');
  }

  /** The first document with the digest of this one. */
  firstLike(document: number): number {
    return this.indexOf(this.words, DIGEST_WORDS * document);
  }

  /** Which of the documents has the digest that begins at `at` of these words; −1: none. */
  indexOf(words: Uint32Array, at: number): number {
    const { first, next } = this.#index();
    let document = first.get(words[at]! | 0) ?? -1;
    while (document >= 0 && !this.#is(document, words, at)) document = next[document]!;
    return document;
  }

  #is(document: number, words: Uint32Array, at: number): boolean {
    const own = DIGEST_WORDS * document;
    return (
      this.words[own + 1] === words[at + 1] &&
      this.words[own + 2] === words[at + 2] &&
      this.words[own + 3] === words[at + 3]
    );
  }

  /** Made when first needed: most asks are looked up in one place only. Keys are signed, which the engine keeps unboxed. */
  #index(): { first: Map<number, number>; next: Int32Array } {
    if (this.#first === undefined || this.#next === undefined) {
      this.#first = new Map();
      this.#next = new Int32Array(this.count);
      for (let document = this.count - 1; document >= 0; document--) {
        const word = this.words[DIGEST_WORDS * document]! | 0;
        this.#next[document] = this.#first.get(word) ?? -1;
        this.#first.set(word, document);
      }
    }
    return { first: this.#first, next: this.#next };
  }
}

/** The digests of one list of documents after the other. */
export const concatenate = (lists: readonly Digests[]): Digests => {
  const numbers = new Float64Array(lists.reduce((sum, list) => sum + list.numbers.length, 0));
  let at = 0;
  for (const list of lists) {
    numbers.set(list.numbers, at);
    at += list.numbers.length;
  }
  return new Digests(numbers);
};
