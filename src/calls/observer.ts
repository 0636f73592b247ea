/** What the column has to tell of itself, to whoever counts it: the layers themselves know of no metrics. */

import type { RetryReason } from './attempt.ts';
import type { Finding } from './findings.ts';

/** What a tier knew of an ask: all of it, some of it, all of it but past its freshness, or nothing. */
export type CacheResult = 'hit' | 'partial' | 'stale' | 'miss';

/** Hears of what happens at the seams. */
export interface Observer {
  cacheLookup(model: string, tier: 'memory' | 'redis', result: CacheResult): void;
  /** An ask has joined a call that still waited for its slot. */
  merged(model: string): void;
  /** What a new score of a cached pair has shown, and how far the two are apart. */
  verified(model: string, difference: number, pair: string, finding: Finding): void;
  queueWait(model: string, ms: number, reason: string): void;
  retry(model: string, reason: RetryReason): void;
  /** The firewall in front of the upstream has refused a call. */
  firewallRefused(model: string): void;
  upstreamCall(call: {
    attachment: string;
    model: string;
    /** The status answered, or why there was none. */
    code: string;
    ms: number;
    searchUnits: number;
  }): void;
}
