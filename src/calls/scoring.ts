/**
 * The one idea of the gateway: everything that can answer an `Ask` is a `Scorer`, and a `Layer` is a scorer that
 * answers what it knows and asks the next one for the rest.
 */

import type { Again, Wait } from './attempt.ts';
import type { Identity } from './identity.ts';

export interface Scorer {
  /** Scores every document of the ask, or rejects with a `RerankError`. Never resolves with a part. */
  score(ask: Ask): Promise<Scores>;
}

export type Layer = (inner: Scorer) => Scorer;

/** One query and the distinct documents to score against it. */
export interface Ask {
  readonly model: string;
  readonly query: string;
  /** Distinct texts, in the order in which the caller first names them. */
  readonly documents: readonly string[];
  readonly identity: Identity;
  readonly cache: CacheTerms;
  readonly terms: Terms;
  /** W3C trace context of the caller, passed on as it came. */
  readonly traceparent?: string | undefined;
  /** Keeps the bytes of the request counted, until what it returns is called. */
  readonly hold?: (() => () => void) | undefined;
  /** Nobody waits for it: it is no request's, and counts as none. */
  readonly isBackground?: boolean;
  /** The attachment whose slot this call holds: set by the pacing layer, read by the upstream layer. */
  readonly attachment?: string;
  /** Told by the pacing layer as soon as it knows when the answer should be there (monotonic ms). */
  readonly onQueued?: ((expectedAnswer: number) => void) | undefined;
  /**
   * Not to be put into one call with what others ask: it was refused in such a call once, and only its own call can tell
   * whether that was its fault.
   */
  readonly alone?: boolean;
  /** Set by the retry layer on every attempt but the first. */
  readonly again?: Again | undefined;
  /** Told by the pacing layer when it makes the call, at which attachment, and whether it could be made at another one. */
  readonly onStart?: ((attachment: string, replaceable: boolean) => void) | undefined;
  /** Told by the upstream layer whenever it sends a call. */
  readonly onSend?: (() => void) | undefined;
  /**
   * Asked by the pacing layer when a slot is granted: what to ask for, of all who wait for this call by then. The
   * documents and the identity that the ask itself names are what it began with.
   */
  readonly seal?: (() => Pick<Ask, 'documents' | 'identity'>) | undefined;
}

/** What a caller allows the caches to do (RFC 9111, request directives). */
export interface CacheTerms {
  readonly read: boolean;
  readonly write: boolean;
  /** False for only-if-cached: what no cache knows is not asked upstream. */
  readonly forward: boolean;
  /** The oldest score that will do, milliseconds. */
  readonly maxAgeMs: number;
  /** A score past its freshness may answer: while it is being renewed, or when the upstream fails. */
  readonly staleIfError: boolean;
}

/** In whose turn a call waits, and where among that client's own. */
export interface Place {
  /** Name of the client, whose share of the slots this call counts against. */
  readonly client: string;
  /** RFC 9218 urgency, 0 (most urgent) to 7. */
  readonly urgency: number;
}

/** What an asking side will put up with. Those who share a call combine their terms, so they may change. */
export interface Terms extends Place {
  /** Monotonic milliseconds (`performance.now()`) after which nobody wants the answer any more. */
  readonly deadline: number;
  /** Aborted, with a `RerankError` as its reason, when nobody waits any more. */
  readonly signal: AbortSignal;
  /** Has `tell` told where everybody who joins from now on would wait by himself, until what it returns is called. */
  readonly onNewcomer?: ((tell: (place: Place) => void) => () => void) | undefined;
}

/** What a model's scores are reused for: each its own pair, the same set of documents only, or nothing. */
export type Granularity = 'document' | 'request' | 'off';

/** Where a score came from; `joined` is a score that another request's call brought. */
export type Source = 'memory' | 'redis' | 'joined' | 'upstream';

export interface Timing {
  readonly cacheMs: number;
  readonly queueMs: number;
  readonly upstreamMs: number;
  /** Of the last wait for a slot, where there was one. */
  readonly wait?: Wait | undefined;
}

/** One score per document of the ask, in the ask's order, and where they came from. */
export interface Scores {
  readonly values: Float64Array;
  readonly sources: readonly Source[];
  /** Epoch milliseconds at which each score left the upstream. */
  readonly scoredAt: Float64Array;
  /** Search units that this answer, and no other, cost upstream. */
  readonly searchUnits: number;
  /** Some are past their freshness: they are being renewed, or stand in for an upstream failure. */
  readonly stale: boolean;
  /** Some were new and have been put into the cache. */
  readonly stored: boolean;
  /** Places of documents that were scored without their URL schemes and markup, since they are refused otherwise. */
  readonly defanged?: readonly number[];
  readonly timing: Timing;
  /** The upstream's `x-ratelimit-*` headers, where a call was made. */
  readonly rateLimit: Readonly<Record<string, string>>;
}

export const NO_TIME: Timing = { cacheMs: 0, queueMs: 0, upstreamMs: 0 };

/** The same ask for some of its documents only, which are named by their places in it. */
export const subAsk = (ask: Ask, places: readonly number[]): Ask => ({
  ...ask,
  documents: places.map((place) => ask.documents[place]!),
  identity: { ...ask.identity, digests: ask.identity.digests.subset(places) },
});
