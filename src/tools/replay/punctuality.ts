/**
 * Whether the replay itself kept up. One that is busy sends late and reads late, and what it measures then is partly its own
 * delay: it shares a machine with what it measures.
 */

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { percentile } from './percentile.ts';

export interface Punctual {
  /** Milliseconds from the time at which requests were due until they were sent. */
  readonly lateMs: { readonly p99: number; readonly most: number };
  /** Milliseconds for which the event loop was busy at a stretch (99th percentile): answers wait so long to be read. */
  readonly busyMs: number;
  /** The delays are a part of the latencies that cannot be neglected. */
  readonly isLate: boolean;
}

/** A memory hit takes a few milliseconds, a call a hundred: less than this changes neither by much. */
const NEGLIGIBLE_MS = 20;

/** How often the loop is looked at, milliseconds: a part of what is measured, and deducted. */
const RESOLUTION_MS = 5;

export class Punctuality {
  readonly #late: number[] = [];
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#loop.enable();
  }

  sent(lateMs: number): void {
    this.#late.push(lateMs);
  }

  /** To be called once, at the end. */
  stop(): Punctual {
    this.#loop.disable();
    const busyMs = this.#loop.count === 0 ? 0 : Math.max(0, this.#loop.percentile(99) / 1e6 - RESOLUTION_MS);
    return punctual(this.#late, busyMs);
  }
}

/** @param late milliseconds by which each request was sent too late */
export const punctual = (late: readonly number[], busyMs: number): Punctual => {
  const lateMs = { p99: percentile(late, 99) ?? 0, most: percentile(late, 100) ?? 0 };
  return { lateMs, busyMs, isLate: Math.max(lateMs.p99, busyMs) > NEGLIGIBLE_MS };
};
