/** What the column has to know of an endpoint: how its calls look on the wire, how large they may be, what its values are. */

import type { ItemCall } from './call.ts';
import type { ValueOf, Values } from './values.ts';

export interface Endpoint<V extends Values> {
  /** As much as one upstream call takes. */
  readonly perCall: PerCall;
  readonly wire: Wire<V>;
  readonly comparison: Comparison<V>;
  /** Which of a call's items are asked for when some are missing; by default those. */
  readonly choose?: Choose | undefined;
  /** An item's text without what firewalls are against; the same where there is nothing of it. */
  readonly defang?: ((text: string) => string) | undefined;
}

/** How one value is kept as bytes. */
export interface Codec<T> {
  /** What it takes in this process's memory, bytes. */
  sizeOf(value: T): number;
  encode(value: T): Uint8Array;
  /** Undefined when these are not the bytes of a value: another program may have left them. */
  decode(bytes: Uint8Array): T | undefined;
  /** The longest that `encode` returns; what is longer is no value. */
  readonly maxBytes: number;
}

export interface PerCall {
  readonly items: number;
  /** UTF-8 bytes of text that several callers may bring one call to; one caller's own call may be larger. */
  readonly bytes: number;
}

export interface Wire<V extends Values> {
  /** Behind the attachment's base URL, like `/v1/rerank`. */
  readonly path: string;
  /** The body of a request. */
  request(call: Pick<ItemCall, 'model' | 'query' | 'items'>): string;
  /**
   * Reads the body of a 200: one value for each of `count` items, or it throws an `upstream_garbage`.
   * @returns what it cost, too, in what the endpoint is billed in
   */
  answer(body: string, count: number): { readonly values: V; readonly spent: number };
  /** The longest body of a 200 that is read, bytes. */
  readonly maxAnswerBytes: number;
}

export interface Comparison<V extends Values> {
  /** How far apart two values of one item are; 0: they are the same. */
  distance(one: ValueOf<V>, other: ValueOf<V>): number;
  /** Up to which distance they count as the same. */
  readonly tolerance: number;
  /** Items to put beside one, to find out whether its value depends on them. */
  companions(query: string, item: string): string[];
}

export type Choose = (choice: Choice) => readonly number[];

export interface Choice {
  readonly call: Pick<ItemCall, 'query' | 'items'>;
  /** Places of the items without a fresh value: one at least. */
  readonly missing: readonly number[];
  readonly known: readonly Aged[];
  /** How long a value is fresh, milliseconds. */
  readonly ttlMs: number;
}

export interface Aged {
  /** An item's place in the call. */
  readonly index: number;
  /** Milliseconds since its value left the upstream. What is past its freshness is missing, not known. */
  readonly ageMs: number;
}
