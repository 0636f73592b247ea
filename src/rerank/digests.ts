/**
 * Documents by their digests: 96 bits of a SHA-256, as two whole numbers of 48 bits, which doubles hold exactly and
 * compare fast. Digests are only told apart within one question, of some thousand documents at most: two of them that
 * are equal by chance are as likely as 1 in 10²².
 */

import { hash } from 'node:crypto';

/** Numbers that a digest takes. */
export const DIGEST_NUMBERS = 2;

export class Digests {
  /** Digest of document i: numbers 2i and 2i + 1. */
  readonly numbers: Float64Array;
  /** First document with a digest's first number, and for each document the next one with the same; −1 ends. */
  #first: Map<number, number> | undefined;
  #next: Int32Array | undefined;

  constructor(numbers: Float64Array) {
    this.numbers = numbers;
  }

  /** Of texts that are well-formed: others have no UTF-8 of their own, and could collide. */
  static of(documents: readonly string[]): Digests {
    const numbers = new Float64Array(DIGEST_NUMBERS * documents.length);
    for (const [i, document] of documents.entries()) {
      // One byte a character: the cheapest form in which the digest comes.
      const bytes = hash('sha256', document, 'binary');
      numbers[2 * i] = number48(bytes, 0);
      numbers[2 * i + 1] = number48(bytes, 6);
    }
    return new Digests(numbers);
  }

  get count(): number {
    return this.numbers.length / DIGEST_NUMBERS;
  }

  /** The digests of some of the documents, in the order given. */
  subset(documents: readonly number[]): Digests {
    const numbers = new Float64Array(DIGEST_NUMBERS * documents.length);
    for (const [place, document] of documents.entries()) {
      numbers[2 * place] = this.numbers[2 * document]!;
      numbers[2 * place + 1] = this.numbers[2 * document + 1]!;
    }
    return new Digests(numbers);
  }

  /** The digest of a document as a word, the same for the same digest only. */
  nameOf(document: number): string {
    return `${this.numbers[2 * document]}.${this.numbers[2 * document + 1]}`;
  }

  /** Which of the documents has this digest; −1: none. */
  indexOf(high: number, low: number): number {
    const { first, next } = this.#index();
    let document = first.get(high) ?? -1;
    while (document >= 0 && this.numbers[2 * document + 1] !== low) document = next[document]!;
    return document;
  }

  /** Made when first needed: most asks are looked up in one place only. */
  #index(): { first: Map<number, number>; next: Int32Array } {
    if (this.#first === undefined || this.#next === undefined) {
      this.#first = new Map();
      this.#next = new Int32Array(this.count);
      for (let document = this.count - 1; document >= 0; document--) {
        const high = this.numbers[2 * document]!;
        this.#next[document] = this.#first.get(high) ?? -1;
        this.#first.set(high, document);
      }
    }
    return { first: this.#first, next: this.#next };
  }
}

const number48 = (bytes: string, at: number): number => {
  let number = 0;
  for (let i = at; i < at + 6; i++) number = number * 256 + bytes.charCodeAt(i);
  return number;
};

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
