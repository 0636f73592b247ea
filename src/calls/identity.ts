/**
 * What makes two calls the same: their question, and their items. A value belongs to one question and one item, and is
 * looked up by the two.
 */

import { hash } from 'node:crypto';
import { DIGEST_WORDS, type Digests } from './digests.ts';

/** Raised whenever the meaning of a key changes, so that old cache entries are misses. */
const SCHEME = 'rerank/3';

export interface Identity {
  /** 132 bits of a SHA-256 over scope, model and query, base64url (22 characters). */
  readonly question: string;
  /** Of the call's items, in their order. */
  readonly digests: Digests;
  /**
   * Values may depend on the companion items. Then the set of items is part of the question: a value is only found by a call
   * with the very same set, and no part of the set is ever sent alone.
   */
  readonly whole: boolean;
}

export interface IdentityInput {
  /** Separates caches that must not share values. */
  readonly scope: readonly string[];
  readonly model: string;
  readonly query: string;
  /** Of distinct texts. */
  readonly digests: Digests;
  readonly whole: boolean;
}

/** Neither the order of items nor `top_n` is part of an identity. */
export const identify = ({ scope, model, query, digests, whole }: IdentityInput): Identity => {
  const fields = [SCHEME, ...scope, model, query];
  if (whole) fields.push(setOf(digests));
  return { question: digest(fields.map(field).join('')), digests, whole };
};

/** Equal for the same question about the same items in any order. Others are equal only by accident. */
export const contentOf = ({ question, digests }: Identity): string => {
  const sum = new Uint32Array(DIGEST_WORDS);
  for (const [i, word] of digests.words.entries()) sum[i % DIGEST_WORDS]! ^= word;
  return `${question}.${sum.join('.')}`;
};

/** Length-prefixed: joined by a delimiter, fields that contain the delimiter would collide. */
const field = (text: string): string => `${Buffer.byteLength(text)}:${text}`;

const digest = (text: string): string => hash('sha256', text, 'base64url').slice(0, 22);

/** The set of items as a text that does not depend on their order. */
export const setOf = (digests: Digests): string =>
  Array.from({ length: digests.count }, (_, i) => digests.nameOf(i))
    .sort()
    .join(' ');
