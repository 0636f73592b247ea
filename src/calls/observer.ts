/** The events of the column that are counted: the layers themselves know nothing of metrics. */

import type { RetryReason } from './attempt.ts';
import type { Finding } from './findings.ts';

/** What a tier knew of a call: all values, some of them, all but past their freshness, or none. */
export type CacheResult = 'hit' | 'partial' | 'stale' | 'miss';

/** Called at the seams between the layers. */
export interface Observer {
  cacheLookup(model: string, tier: 'memory' | 'redis', result: CacheResult): void;
  /** A call has joined another one that still waited for its permit. */
  merged(model: string): void;
  /** What a new value of a cached pair has shown, and its distance from the cached one. */
  verified(model: string, difference: number, pair: string, finding: Finding): void;
  queueWait(model: string, ms: number, reason: string): void;
  retry(model: string, reason: RetryReason): void;
  /** The firewall in front of the upstream has refused a call. */
  firewallRefused(model: string): void;
  upstreamCall(call: {
    /** The client that caused it; empty for none. */
    client: string;
    attachment: string;
    model: string;
    /** The status of the answer, or why there was none. */
    code: string;
    /** What broke on the wire, like `ECONNREFUSED`; undefined if nothing did. */
    wire?: string | undefined;
    ms: number;
    /** In the endpoint's billing unit. */
    spent: number;
  }): void;
}
