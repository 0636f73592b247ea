/**
 * The one idea of the gateway: whatever can answer a call is a `Service`, and a `Layer` is a service that answers what it
 * knows and calls the next one for the rest.
 *
 * Calls have two sizes. What a queue, a quota or another attempt needs of one is little: a `Call`. What caches and shared
 * calls need is a list of items, each with a value of its own: an `ItemCall`. Which endpoint it is for, no layer knows.
 */

import type { Again, Wait } from './attempt.ts';
import type { Identity } from './identity.ts';
import type { Values } from './values.ts';

export interface Service<C extends Call = ItemCall, R extends Reply = ItemReply> {
  /** Answers all of the call, or rejects with a `RerankError`. Never resolves with a part. */
  answer(call: C): Promise<R>;
}

export type Layer<C extends Call = ItemCall, R extends Reply = ItemReply> = (
  inner: Service<C, R>,
) => Service<C, R>;

/** The same for calls of items, by what holds their values. */
export type ItemService<V extends Values> = Service<ItemCall, ItemReply<V>>;
export type ItemLayer<V extends Values> = Layer<ItemCall, ItemReply<V>>;

export interface Call {
  readonly model: string;
  /** What makes two calls the same; undefined: none is like another. */
  readonly identity?: Identity;
  readonly terms: Terms;
  /** W3C trace context of the caller, passed on as it came. */
  readonly traceparent?: string | undefined;
  /** Keeps the bytes of the request counted, until what it returns is called. */
  readonly hold?: (() => () => void) | undefined;
  /** Nobody waits for it: it is no request's, and counts as none. */
  readonly isBackground?: boolean;
  /** The attachment whose slot this call holds: set by the pacing layer, read by the upstream. */
  readonly attachment?: string;
  /** Set by the retry layer on every attempt but the first. */
  readonly again?: Again | undefined;
  /** Told by the pacing layer as soon as it knows when the answer should be there (monotonic ms). */
  readonly onQueued?: ((expectedAnswer: number) => void) | undefined;
  /** Told by the pacing layer when it makes the call, at which attachment, and whether it could be made at another one. */
  readonly onStart?: ((attachment: string, replaceable: boolean) => void) | undefined;
  /** Told by the upstream whenever it sends a call. */
  readonly onSend?: (() => void) | undefined;
  /** Called by the pacing layer when a slot is granted: what of the call is another by then. */
  readonly seal?: (() => Partial<Call>) | undefined;
}

/** A call about a list of items: one query and its documents, or texts alone. */
export interface ItemCall extends Call {
  /** What all items are asked about; empty where an endpoint has no such thing. */
  readonly query: string;
  /** Distinct texts, in the order in which the caller first names them. */
  readonly items: readonly string[];
  readonly identity: Identity;
  readonly cache: CacheDirectives;
  /**
   * Not to be put into one call with what others ask: it was refused in such a call once, and only its own call can tell
   * whether that was its fault.
   */
  readonly alone?: boolean;
  /**
   * What to ask for, of all who wait for this call by then. The items and the identity that the call itself names are what it
   * began with.
   */
  readonly seal?: (() => Pick<ItemCall, 'items' | 'identity'>) | undefined;
}

/** What a caller allows the caches to do (RFC 9111, request directives). */
export interface CacheDirectives {
  readonly read: boolean;
  readonly write: boolean;
  /** False for only-if-cached: what no cache knows is not asked upstream. */
  readonly forward: boolean;
  /** The oldest value that will do, milliseconds. */
  readonly maxAgeMs: number;
  /** A value past its freshness may answer: while it is being renewed, or when the upstream fails. */
  readonly staleIfError: boolean;
}

/** In whose turn a call waits, and where among that client's own. */
export interface Place {
  /** Name of the client, whose share of the slots this call counts against. */
  readonly client: string;
  /** RFC 9218 urgency, 0 (most urgent) to 7. */
  readonly urgency: number;
}

/** What a calling side will put up with. Those who share a call combine their terms, so they may change. */
export interface Terms extends Place {
  /** Monotonic milliseconds (`performance.now()`) after which nobody wants the answer any more. */
  readonly deadline: number;
  /** Aborted, with a `RerankError` as its reason, when nobody waits any more. */
  readonly signal: AbortSignal;
  /** Subscribes to those who join the call from now on: where each would wait by himself. Returns what unsubscribes. */
  readonly onNewcomer?: ((tell: (place: Place) => void) => () => void) | undefined;
}

/** What a model's values are reused for: each its own pair, the same set of items only, or nothing. */
export type Granularity = 'document' | 'request' | 'off';

/** Where a value came from; `joined` is one that another request's call brought. */
export type Source = 'memory' | 'redis' | 'joined' | 'upstream';

export interface Timing {
  readonly cacheMs: number;
  readonly queueMs: number;
  readonly upstreamMs: number;
  /** Of the last wait for a slot, where there was one. */
  readonly wait?: Wait | undefined;
}

export interface Reply {
  /** What this answer, and no other, cost upstream, in what the endpoint is billed in: search units, or tokens. */
  readonly spent: number;
  readonly timing: Timing;
  /** The upstream's `x-ratelimit-*` headers, where a call was made. */
  readonly rateLimit: Readonly<Record<string, string>>;
}

/** One value per item of the call, in the call's order, and where they came from. */
export interface ItemReply<V extends Values = Float64Array> extends Reply {
  readonly values: V;
  readonly sources: readonly Source[];
  /** Epoch milliseconds at which each value left the upstream. */
  readonly takenAt: Float64Array;
  /** Some are past their freshness: they are being renewed, or stand in for an upstream failure. */
  readonly stale: boolean;
  /** Some were new and have been put into the cache. */
  readonly stored: boolean;
  /** Places of items that were sent without their URL schemes and markup, since they are refused otherwise. */
  readonly defanged?: readonly number[];
}

export const NO_TIME: Timing = { cacheMs: 0, queueMs: 0, upstreamMs: 0 };

/** The same call for some of its items only, which are named by their places in it. */
export const subCall = (call: ItemCall, places: readonly number[]): ItemCall => ({
  ...call,
  items: places.map((place) => call.items[place]!),
  identity: { ...call.identity, digests: call.identity.digests.subset(places) },
});
