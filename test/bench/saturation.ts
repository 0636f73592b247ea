/** Callers that want more than a limit allows, one load for every limiter. */

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answered } from '../support/load.ts';
import type { Limiter } from './limiters.ts';

export interface Saturation {
  readonly processes: number;
  /** Asked all at once when the load begins, each by a caller of its own. */
  readonly burst: readonly string[];
  /** When all callers begin to ask without end, those of the burst and the others; milliseconds from the beginning. */
  readonly steadyFromMs: number;
  readonly others: number;
  readonly durationMs: number;
}

/** How long a caller waits that is refused and not told for how long, milliseconds. */
const REFUSED_MS = 1000;

/**
 * A caller asks again, and something new, when it has its answer; one that is refused asks the same again when it is
 * told to. Resolves when the time is over, with what is under way given up. Rejects when an answer is neither that nor
 * a refusal.
 */
export const saturate = async (limiter: Limiter, load: Saturation): Promise<void> => {
  const { processes, burst, steadyFromMs, others, durationMs } = load;
  const over = new AbortController();
  const { signal } = over;
  // Each caller has one.
  setMaxListeners(0, signal);
  const steady = sleep(steadyFromMs, undefined, { signal });
  const ask = async (query: string, process: number): Promise<void> => {
    while (!signal.aborted) {
      const answer = await limiter.ask(process, query, signal);
      if (signal.aborted || answer.status === 200) return;
      await sleep(pauseAfter(answer), undefined, { signal });
    }
  };
  const caller = async (i: number): Promise<void> => {
    const process = i % processes;
    const first = burst[i];
    if (first !== undefined) await ask(first, process);
    await steady;
    for (let asked = 0; !signal.aborted; asked++) await ask(`caller ${i}, question ${asked}`, process);
  };
  const callers = Array.from({ length: burst.length + others }, (_, i) => caller(i));
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
