/** What the column knows of an endpoint: its wire format, the largest size of a call, and the type of its values. */

import type { ItemCall } from './call.ts';
import type { Body } from './item.ts';
import type { ValueOf, Values } from './values.ts';

export interface Endpoint<V extends Values> {
  /** The most that one upstream call takes. */
  readonly perCall: PerCall;
  readonly wire: Wire<V>;
  readonly comparison: Comparison<V>;
  /**
   * The field of a request that holds the items, where the upstream limits what calls cost together, and not only their
   * number. The cost is in the endpoint's billing unit: tokens.
   */
  readonly costs?: string;
  /** Chooses the items to send when some are missing; by default the missing ones. */
  readonly choose?: Choose | undefined;
  /** Removes from an item's text what firewalls refuse; returns other texts unchanged. */
  readonly defang?: ((text: string) => string) | undefined;
}

/** How one value is stored as bytes. */
export interface Codec<T> {
  /** Bytes that it takes in this process's memory. */
  sizeOf(value: T): number;
  encode(value: T): Uint8Array;
  /** Undefined when these are not the bytes of a value: another program may have written them. */
  decode(bytes: Uint8Array): T | undefined;
  /** The most bytes that `encode` returns; anything longer is no value. */
  readonly maxBytes: number;
}

export interface PerCall {
  readonly items: number;
  /** The most UTF-8 bytes of text in a merged call; one caller's own call may be larger. */
  readonly bytes: number;
}

export interface Wire<V extends Values> {
  /** Appended to the attachment's base URL, like `/v1/rerank`. */
  readonly path: string;
  /** The body of a request. */
  request(call: WireCall): Body;
  /**
   * Reads the body of a 200: one value for each item of the call. Throws `upstream_garbage` when there is not.
   * @returns the values, and their cost in the endpoint's billing unit
   */
  answer(body: string, call: WireCall): { readonly values: V; readonly spent: number };
  /** The longest body of a 200 that is read, bytes. */
  readonly maxAnswerBytes: number;
}

/** The parts of a call that the upstream reads. */
export type WireCall = Pick<ItemCall, 'model' | 'query' | 'items' | 'dependsOn'>;

export interface Comparison<V extends Values> {
  /** How far apart two values of one item are; 0: they are the same. */
  distance(one: ValueOf<V>, other: ValueOf<V>): number;
  /** The largest distance at which they count as the same. */
  readonly tolerance: number;
  /** Items to send beside `item`, to find out whether its value depends on its companions. */
  companions(query: string, item: string): string[];
}

export type Choose = (choice: Choice) => readonly number[];

export interface Choice {
  readonly call: Pick<ItemCall, 'query' | 'items'>;
  /** Indices of the items without a fresh value, at least one. */
  readonly missing: readonly number[];
  readonly known: readonly Aged[];
  /** How long a value is fresh, milliseconds. */
  readonly ttlMs: number;
}

export interface Aged {
  /** The item's index in the call. */
  readonly index: number;
  /** Milliseconds since its value left the upstream. An item whose value is past its freshness is missing, not known. */
  readonly ageMs: number;
}
