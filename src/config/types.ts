/** The settings of one process: read once at the start, frozen, and handed out in parts. Never logged as they are. */

import type { Granularity } from '../calls/call.ts';

/** One internal service that may call the gateway. */
export interface Client {
  readonly name: string;
  /** Several while a key is being rotated. */
  readonly keys: readonly string[];
  /** Share of the upstream's limit under contention, relative to the other clients. Default 1. */
  readonly weight: number;
  /** Requests per minute; undefined = no quota of its own. */
  readonly rpm: number | undefined;
  /** undefined = every model served. */
  readonly models: readonly string[] | undefined;
  /** Whether it may purge a model's cached scores. */
  readonly admin: boolean;
}

/** One attachment of Heroku Inference, with a limit of its own per model. */
export interface Upstream {
  readonly alias: string;
  /** Base URL without a trailing slash. */
  readonly url: string;
  readonly key: string;
  /** The only model this attachment serves; undefined = every model. */
  readonly modelId: string | undefined;
}

export type { Granularity };

export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  /** The name of this process in metrics and logs. */
  readonly dyno: string;
  /** Heroku's name of the running release, and the commit it was built from; undefined where Heroku does not set them. */
  readonly release: string | undefined;
  readonly commit: string | undefined;
  /** Empty = the embedded simulator, never in production. */
  readonly upstreams: readonly Upstream[];
  /** Every model served, and the calls per window ONE attachment allows it. Has no prototype: look up as you please. */
  readonly modelLimits: Readonly<Record<string, number>>;
  /** Tokens per window that ONE attachment allows, of the models that have such a limit, too. Without a prototype. */
  readonly modelTokens: Readonly<Record<string, number>>;
  readonly rateWindowMs: number;
  /** Empty = open to everybody, in development only. */
  readonly clients: readonly Client[];
  /** undefined = memory only, one process. */
  readonly redis: { readonly url: string; readonly prefix: string } | undefined;
  readonly cache: {
    /** How long a score is fresh, and for how long after that it may still answer when the upstream fails. */
    readonly ttlMs: number;
    readonly staleMs: number;
    readonly memoryBytes: number;
    /** An entry for every model served, without a prototype. */
    readonly granularity: Readonly<Record<string, Granularity>>;
    readonly scope: 'shared' | 'client';
  };
  /** Share of cached pairs that are verified by a new score, 0 to 1. */
  readonly verifyRate: number;
  /** Whether documents that the firewall refuses are reported, or sent again without URL schemes and markup. */
  readonly upstreamFirewall: 'report' | 'defang';
  readonly maxWaitMs: number;
  /** The most upstream calls that wait per model. */
  readonly maxQueue: number;
  readonly maxBodyBytes: number;
  /** The most bytes held for all requests together. */
  readonly maxBufferBytes: number;
  /** How long the event loop may be stalled before the process is ended, milliseconds; 0 = for ever. */
  readonly stallMs: number;
  /** How long `/readyz` says 503 before the port closes, milliseconds. */
  readonly drainDelayMs: number;
  /** Which pages browsers may call from; none: no page may. */
  readonly corsOrigins: readonly string[];
  readonly metricsToken: string | undefined;
  readonly logLevel: string;
}
