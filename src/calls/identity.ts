/**
 * What makes two asks the same: the question, and the documents it is asked about. A score belongs to one question and
 * one document, and is looked up by the two.
 */

import { hash } from 'node:crypto';
import { DIGEST_WORDS, type Digests } from './digests.ts';

/** Raised whenever the meaning of a key changes, so that old cache entries are misses. */
const SCHEME = 'rerank/3';

export interface Identity {
  /** 132 bits of a SHA-256 over scope, model and query, base64url (22 characters). */
  readonly question: string;
  /** Of the ask's documents, in their order. */
  readonly digests: Digests;
  /**
   * Scores may depend on the companion documents. Then the set of documents is part of the question, so that a score is
   * only found by who asks for the very same set, and no part of it is ever asked alone.
   */
  readonly whole: boolean;
}

export interface IdentityInput {
  /** What separates caches that must not answer one another. */
  readonly scope: readonly string[];
  readonly model: string;
  readonly query: string;
  /** Of distinct texts. */
  readonly digests: Digests;
  readonly whole: boolean;
}

/** Neither the order of documents nor `top_n` is part of an identity. */
export const identify = ({ scope, model, query, digests, whole }: IdentityInput): Identity => {
  const fields = [SCHEME, ...scope, model, query];
  if (whole) fields.push(setOf(digests));
  return { question: digest(fields.map(field).join('')), digests, whole };
};

/** The same for the same question about the same documents, whatever their order; two of them differ but by chance. */
export const contentOf = ({ question, digests }: Identity): string => {
  const sum = new Uint32Array(DIGEST_WORDS);
  for (const [i, word] of digests.words.entries()) sum[i % DIGEST_WORDS]! ^= word;
  return `${question}.${sum.join('.')}`;
};

/** Length-prefixed: joined by a delimiter, fields that contain the delimiter would collide. */
const field = (text: string): string => `${Buffer.byteLength(text)}:${text}`;

const digest = (text: string): string => hash('sha256', text, 'base64url').slice(0, 22);

/** The set of documents as a text, whatever their order. */
export const setOf = (digests: Digests): string =>
  Array.from({ length: digests.count }, (_, i) => digests.nameOf(i))
    .sort()
    .join(' ');
