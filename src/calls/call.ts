/**
 * The one idea of the gateway: whatever can answer a call is a `Service`, and a `Layer` is a service that answers what it
 * knows and calls the next one for the rest.
 *
 * Calls have two types. A `Call` holds the little that queue, quota and retry need. An `ItemCall` adds what caches and shared
 * calls need: a list of items, each with a value of its own. No layer knows which endpoint a call is for.
 */

import type { Again, Attempted, Wait } from './attempt.ts';
import type { Cancellation } from './cancellation.ts';
import type { Size } from './estimates.ts';
import type { Identity } from './identity.ts';
import type { Item } from './item.ts';
import type { Values } from './values.ts';

export interface Service<C extends Call = ItemCall, R extends Reply = ItemReply> {
  /** Answers the whole call, or rejects with a `RerankError`. Never resolves with a part. */
  answer(call: C): Promise<R>;
}

export type Layer<C extends Call = ItemCall, R extends Reply = ItemReply> = (
  inner: Service<C, R>,
) => Service<C, R>;

/** Services and layers of item calls, by the type of their values. */
export type ItemService<V extends Values> = Service<ItemCall, ItemReply<V>>;
export type ItemLayer<V extends Values> = Layer<ItemCall, ItemReply<V>>;

export interface Call {
  readonly model: string;
  /** Equal for equal calls; undefined: no two calls are equal. */
  readonly identity?: Identity;
  readonly terms: Terms;
  /** W3C trace context of the caller, passed on as it came. */
  readonly traceparent?: string | undefined;
  /** Keeps the bytes of the request counted. Returns the function that releases them. */
  readonly hold?: (() => () => void) | undefined;
  /** Made for no request, so that nobody waits for it; not counted as a request. */
  readonly isBackground?: boolean | undefined;
  /** The attachment whose permit this call holds: set by the pacing layer, read by the upstream. */
  readonly attachment?: string | undefined;
  /** Set by the pacing layer: this first attempt got its permit at once, so that what was looked up before still holds. */
  readonly atOnce?: boolean | undefined;
  /** Set by the retry layer on every attempt but the first. */
  readonly again?: Again | undefined;
  /** Called by the pacing layer as soon as it can predict when the answer arrives (monotonic ms), and again when that changes. */
  readonly onQueued?: ((expectedAnswer: number) => void) | undefined;
  /** Called by the pacing layer when an attempt starts: its attachment, and whether another attachment could take the next one. */
  readonly onStart?: ((attachment: string, replaceable: boolean) => void) | undefined;
  /** Undefined where only the number of calls is limited. `Reply.spent` is what it has cost. */
  readonly cost?: Cost | undefined;
  /** Called by the upstream whenever it sends the call. */
  readonly onSend?: (() => void) | undefined;
  /** Called by the pacing layer when a permit is granted. Returns the fields of the call that have changed by then. */
  readonly seal?: (() => Partial<Call>) | undefined;
}

/** What a call costs, in the endpoint's billing unit, before anybody has said so. It grows while others join. */
export interface Cost {
  /** If it were sent now, on average. */
  likely(): number;
  /** If it were sent now, at most. */
  most(): number;
  /** At most, if as many join as can. */
  full(): number;
}

/** A call about a list of items: one query and its documents, or texts alone. */
export interface ItemCall extends Call {
  /** The query that all items are compared with; empty for an endpoint without one. */
  readonly query: string;
  /** Distinct texts, in the order of their first appearance in the request. */
  readonly items: readonly Item[];
  /** What else the values depend on, in the words of the endpoint's wire: part of the identity, too. */
  readonly dependsOn?: readonly string[] | undefined;
  readonly identity: Identity;
  readonly cache: CacheDirectives;
  /**
   * Must not be merged with other calls: it was refused in a merged call, and only a call of its own can tell whether its
   * items were the cause.
   */
  readonly alone?: boolean | undefined;
  /** Of the items that a shared call holds now; undefined: of `items`. */
  readonly size?: (() => Size) | undefined;
  /**
   * The items of all callers that wait for this call when its permit is granted. `items` and `identity` of the call itself are
   * those of the first caller.
   */
  readonly seal?: (() => Pick<ItemCall, 'items' | 'identity'>) | undefined;
}

/** What a caller allows the caches to do (RFC 9111, request directives). */
export interface CacheDirectives {
  readonly read: boolean;
  readonly write: boolean;
  /** False for only-if-cached: a call that no cache can answer is not sent upstream. */
  readonly forward: boolean;
  /** The greatest age of a value that the caller accepts, milliseconds. */
  readonly maxAgeMs: number;
  /** A value past its freshness may answer: while it is being renewed, or when the upstream fails. */
  readonly staleIfError: boolean;
}

/** Whose share of the permits a call counts against, and its priority among that client's calls. */
export interface Place {
  /** The client's name. */
  readonly client: string;
  /** RFC 9218 urgency, 0 (most urgent) to 7. */
  readonly urgency: number;
}

/** How long a caller waits, and with which priority. A shared call combines the terms of its members, so they may change. */
export interface Terms extends Place {
  /** Monotonic milliseconds (`performance.now()`) after which nobody wants the answer any more. */
  readonly deadline: number;
  /** Aborted, with a `RerankError` as its reason, when nobody waits any more. */
  readonly signal: Cancellation;
  /** Subscribes to members that join the call from now on: the place each would have by itself. Returns the unsubscribe function. */
  readonly onNewcomer?: ((listener: (place: Place) => void) => () => void) | undefined;
}

/** What a model's values are reused for: each pair by itself, the same set of items only, or nothing. */
export type Granularity = 'document' | 'request' | 'off';

/** Where a value came from; `joined` is one that another request's call brought. */
export type Source = 'memory' | 'redis' | 'joined' | 'upstream';

export interface Timing {
  readonly cacheMs: number;
  readonly queueMs: number;
  readonly upstreamMs: number;
  /** The last wait for a permit, if there was one. */
  readonly wait?: Wait | undefined;
  /** Each attempt at the call, or at its parts; undefined when none was made. */
  readonly attempts?: readonly Attempted[] | undefined;
}

export interface Reply {
  /** What this answer alone has cost upstream, in the endpoint's billing unit: search units, or tokens. */
  readonly spent: number;
  readonly timing: Timing;
  /** The upstream's `x-ratelimit-*` headers, if a call was made. */
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
  /** Some are new and have been cached. */
  readonly stored: boolean;
  /** Indices of items that were sent without their URL schemes and markup, since the firewall refuses them otherwise. */
  readonly defanged?: readonly number[];
}

/** With every field, for the reason that calls have. @see itemCall */
export const NO_TIME: Timing = {
  cacheMs: 0,
  queueMs: 0,
  upstreamMs: 0,
  wait: undefined,
  attempts: undefined,
};

/** What is known of a call when it is made; its other fields are set on its way through the layers. */
type Made = Pick<ItemCall, 'model' | 'query' | 'items' | 'dependsOn' | 'identity' | 'cache' | 'terms'> &
  Partial<Pick<ItemCall, 'traceparent' | 'hold' | 'isBackground'>>;

/**
 * A call with every field from the start, so that layers only replace some in their copies: to an object that is copied and
 * given more fields engines give a shape of its own, each time, and what then reads it is slow.
 */
export const itemCall = (made: Made): ItemCall => ({
  model: made.model,
  query: made.query,
  items: made.items,
  dependsOn: made.dependsOn,
  identity: made.identity,
  cache: made.cache,
  terms: made.terms,
  traceparent: made.traceparent,
  hold: made.hold,
  isBackground: made.isBackground,
  attachment: undefined,
  atOnce: undefined,
  again: undefined,
  onQueued: undefined,
  onStart: undefined,
  cost: undefined,
  onSend: undefined,
  seal: undefined,
  alone: undefined,
  size: undefined,
});

/** The same call for some of its items only, given by their indices in it. */
export const subCall = (call: ItemCall, places: readonly number[]): ItemCall => ({
  ...call,
  items: places.map((place) => call.items[place]!),
  identity: { ...call.identity, digests: call.identity.digests.subset(places) },
});
