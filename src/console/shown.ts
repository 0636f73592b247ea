/**
 * What the page is sent: types only, which its own script is checked against, too, so they name nothing of Node. Times are
 * milliseconds, moments those since the epoch. What is undefined is absent.
 */

import type { Attempted, Wait } from '../calls/attempt.ts';
import type { EndpointName } from '../calls/served.ts';

/** Why a window has no place: pacing's `Block`. */
export type Reason = 'full' | 'spaced' | 'paused' | 'cold' | 'alone' | 'turn' | 'tokens';

/** Counts of `/metrics`, by a label's values. */
export type Counts = Readonly<Record<string, number>>;

/** Each member is named by what it is about; aliases, since an interface could have members that are no JSON. */
export type Snapshot = {
  readonly at: number;
  readonly windowMs: number;
  readonly gateway: GatewayShown;
  readonly caller: { readonly name: string; readonly admin: boolean };
  readonly models: Readonly<Record<string, ModelShown>>;
  readonly services: Readonly<Record<string, ServiceShown>>;
  /** The processes of the fleet, for callers with an admin key. */
  readonly dynos?: Readonly<Record<string, DynoShown>> | undefined;
};

export type GatewayShown = {
  readonly version: string;
  readonly dyno: string;
  readonly draining: boolean;
  readonly alone: boolean;
  /** Of the trouble with Redis, one word. */
  readonly reason?: string | undefined;
  /** `none` without Redis. */
  readonly redis: string;
};

export type ModelShown = {
  readonly endpoint: EndpointName;
  readonly waiting: number;
  /** How long a call would wait that came now; undefined: nobody could make it. */
  readonly expectedMs?: number | undefined;
  readonly granularity?: 'document' | 'request' | 'off' | undefined;
  /** Whether scores of a model are known to depend on their companions. */
  readonly dependent?: boolean | undefined;
  readonly attachments: Readonly<Record<string, AttachmentShown>>;
  /** By outcome. */
  readonly requests: Counts;
  /** Of all services together, for callers with an admin key. */
  readonly documents?: Counts | undefined;
  readonly upstream?: Counts | undefined;
  readonly verified?: Counts | undefined;
  /** What answered requests would have cost at least, each by itself; and what the upstream has billed. */
  readonly searchUnits: { readonly asked: number; readonly billed: number };
  /** Billed. */
  readonly tokens: number;
};

export type AttachmentShown = {
  readonly limit: number;
  readonly used: number;
  readonly spaced: number;
  readonly foreign: number;
  readonly pausedMs: number;
  readonly block?: Reason | undefined;
  readonly frees: readonly number[];
  readonly tokens?: TokensShown | undefined;
  readonly alone: boolean;
  readonly standing: 'good' | 'trial' | 'out' | 'refused';
  readonly retryMs: number;
  /** What its latest call that failed ended in. */
  readonly failure?: string | undefined;
};

/** Of a model whose calls have a limit of tokens, too. */
export type TokensShown = {
  readonly limit: number;
  readonly used: number;
  readonly spaced: number;
  readonly foreign: number;
  readonly frees: readonly number[];
};

export type ServiceShown = {
  readonly weight: number;
  readonly waiting: number;
  readonly requests: Counts;
  /** By reason; without those that there were none of. */
  readonly refusals: Counts;
  readonly calls: number;
  readonly quota?:
    | { readonly limit: number; readonly remaining: number; readonly nextFreeMs: number }
    | undefined;
};

export type DynoShown = {
  readonly version?: string | undefined;
  readonly node?: string | undefined;
  readonly release?: string | undefined;
  readonly commit?: string | undefined;
  /** Seconds since the epoch. */
  readonly started?: number | undefined;
  readonly requests: number;
  readonly inFlight?: number | undefined;
  readonly alone: boolean;
};

/** Moments of the last ten minutes by model, oldest first. */
export type HistoryShown = Readonly<Record<string, readonly MomentShown[]>>;

/** When it was, places used, calls waiting; and tokens used, where the model has a limit of them. */
export type MomentShown = readonly [at: number, used: number, waiting: number, tokens?: number | undefined];

/** A request's way through the gateway. */
export interface Passage {
  readonly id: string;
  /** When its answer was ready. */
  readonly at: number;
  readonly path: string;
  readonly client?: string | undefined;
  readonly model?: string | undefined;
  readonly outcome: string;
  readonly status: number;
  readonly error?: string | undefined;
  readonly documents?: number | undefined;
  /** Texts by where their values came from. */
  readonly sources: Counts;
  readonly ms: number;
  readonly authMs?: number | undefined;
  readonly cacheMs?: number | undefined;
  readonly queueMs?: number | undefined;
  readonly upstreamMs?: number | undefined;
  readonly wait?: Wait | undefined;
  readonly attempts: readonly Attempted[];
  readonly retryAfterMs?: number | undefined;
  readonly searchUnits?: number | undefined;
  readonly tokens?: number | undefined;
}
