/** Callers that want more than a limit allows, one load for every limiter. */

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answered } from '../support/load.ts';
import type { Limiter } from './limiters.ts';

export interface Saturation {
  readonly processes: number;
  /** Asked all at once when the load begins. */
  readonly burst: readonly string[];
  /** Callers that join those of the burst when `joinMs` have passed. */
  readonly others: number;
  readonly joinMs: number;
  readonly durationMs: number;
}

/** How long a caller waits that is refused and not told for how long, milliseconds. */
const REFUSED_MS = 1000;

/**
 * Every caller asks again, and something new, as soon as it has its answer; one that is refused asks the same again
 * when it is told to. Resolves when the time is over, with what is under way given up. Rejects when an answer is neither
 * that nor a refusal.
 */
export const saturate = async (limiter: Limiter, load: Saturation): Promise<void> => {
  const { processes, burst, others, joinMs, durationMs } = load;
  const over = new AbortController();
  const { signal } = over;
  // Each caller has one.
  setMaxListeners(0, signal);
  const caller = async (name: string, first: string, process: number): Promise<void> => {
    for (let asked = 1, query = first; !signal.aborted; ) {
      const answer = await limiter.ask(process, query, signal);
      if (signal.aborted) return;
      if (answer.status === 200) query = `${name}, question ${asked++}`;
      else await sleep(pauseAfter(answer), undefined, { signal });
    }
  };
  const later = async (i: number): Promise<void> => {
    await sleep(joinMs, undefined, { signal });
    await caller(`later caller ${i}`, `later caller ${i}, question 0`, i % processes);
  };
  const callers = [
    ...burst.map((query, i) => caller(`caller ${i}`, query, i % processes)),
    ...Array.from({ length: others }, (_, i) => later(i)),
  ];
  try {
    await Promise.race([sleep(durationMs), ...callers]);
  } finally {
    over.abort();
    // Who slept, or waited in a limiter that is stopped next, rejects now.
    for (const one of callers) one.catch(() => {});
  }
};

const pauseAfter = ({ status, retryAfterMs }: Answered): number => {
  if (status !== 429 && status !== 504) throw new Error(`expected 200, 429 or 504, got ${status}`);
  return retryAfterMs ?? REFUSED_MS;
};
