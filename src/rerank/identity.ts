/**
 * What makes two requests the same. A digest is taken over length-prefixed fields: joined by a delimiter, fields
 * that contain the delimiter would collide.
 */

import { hash } from 'node:crypto';

/** Raised whenever the meaning of a key changes, so that old cache entries are misses. */
const SCHEME = 'rerank/1';

export interface Identity {
  /** SHA-256 over scope, model, query and the SET of documents, base64url (43 characters). */
  readonly key: string;
  /**
   * Place of each document of the ask in the canonical order, the order of their digests. Caches keep scores in that
   * order, so whoever asks for the same set in another order finds his scores.
   */
  readonly places: Uint16Array;
}

export interface IdentityInput {
  /** What separates caches that must not answer one another; the empty string where all share. */
  readonly scope: string;
  readonly model: string;
  readonly query: string;
  /** Distinct texts, 65,535 at most. */
  readonly documents: readonly string[];
}

/** SHA-256 of the UTF-8 form of a text, base64url. Texts must be well-formed, or different ones could collide. */
export const digest = (text: string): string => hash('sha256', text, 'base64url');

const field = (text: string): string => `${Buffer.byteLength(text)}:${text}`;

/** The identity of a whole request. Neither the order of documents nor `top_n` is part of it. */
export const identify = ({ scope, model, query, documents }: IdentityInput): Identity => {
  const digests = documents.map(digest);
  const canonical = digests.map((_, index) => index);
  canonical.sort((a, b) => (digests[a]! < digests[b]! ? -1 : 1));
  const places = new Uint16Array(documents.length);
  let set = '';
  canonical.forEach((index, place) => {
    places[index] = place;
    set += digests[index]; // fixed length, hence no prefix of its own
  });
  const key = digest([SCHEME, scope, model, query, set].map(field).join(''));
  return { key, places };
};

/** Scores in the ask's order → canonical order. */
export const toCanonical = (values: Float64Array, { places }: Identity): Float64Array => {
  const canonical = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) canonical[places[i]!] = values[i]!;
  return canonical;
};

/** Scores in canonical order → the ask's order. */
export const fromCanonical = (canonical: Float64Array, { places }: Identity): Float64Array => {
  const values = new Float64Array(canonical.length);
  for (let i = 0; i < values.length; i++) values[i] = canonical[places[i]!]!;
  return values;
};
