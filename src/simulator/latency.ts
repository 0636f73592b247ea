import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from './random.ts';

/** Milliseconds, [least, most]. */
export type LatencyRange = readonly [number, number];

/** The work before an answer: uniform in a range that may change at any time, repeatable by its seed. */
export class Latency {
  readonly #random: () => number;
  #range: LatencyRange;

  constructor(range: LatencyRange, seed: number) {
    this.#random = seededRandom(seed);
    this.#range = checked(range);
  }

  set(range: LatencyRange): void {
    this.#range = checked(range);
  }

  /** Resolves when the work is done, or at once when `over` is aborted. Without latency, no timer is involved. */
  async pass(over: AbortSignal): Promise<void> {
    const [least, most] = this.#range;
    const ms = least + this.#random() * (most - least);
    // The only way to fail is the abort, which the caller sees on the signal itself.
    if (ms > 0) await sleep(ms, undefined, { signal: over }).catch(() => {});
  }
}

function checked(range: LatencyRange): LatencyRange {
  const [least, most] = range;
  if (!(least >= 0 && most >= least && Number.isFinite(most))) {
    throw new RangeError('latency: [least, most] in ms, 0 <= least <= most');
  }
  return range;
}
