/** When the next calls could start: the window's own rule, run ahead of time. */

import { gradeOf, type Occupancy } from './rule.ts';

export interface WindowState extends Occupancy {
  readonly windowMs: number;
  /** When the places held come free, ascending: those granted as asked, and those granted one by one. */
  readonly burstReleases: readonly number[];
  readonly spacedReleases: readonly number[];
}

/** A first-in, first-out queue of moments. What is appended is never earlier than what stands there. */
class Moments {
  readonly #moments: number[];
  #head = 0;

  constructor(moments: readonly number[]) {
    this.#moments = [...moments];
  }

  get size(): number {
    return this.#moments.length - this.#head;
  }

  get first(): number {
    return this.#moments[this.#head] ?? Number.POSITIVE_INFINITY;
  }

  push(moment: number): void {
    this.#moments.push(moment);
  }

  dropUntil(now: number): void {
    while (this.first <= now) this.#head++;
  }
}

/**
 * The moments at which the next `count` calls could start, ascending, if each lasts `latencyMs` and nobody else takes
 * a place. A cold window is taken to be as warm as its entries say once its first call is answered.
 */
export const forecast = (state: WindowState, now: number, count: number, latencyMs: number): number[] => {
  const { windowMs, budget, cold } = state;
  const burst = new Moments(state.burstReleases);
  const spaced = new Moments(state.spacedReleases);
  let { nextSpaced } = state;
  const starts: number[] = [];
  let time = Math.max(now, state.pausedUntil);
  let { limit } = state;
  if (cold !== undefined && time < cold.until) {
    time = Math.max(time, cold.quietUntil);
    // No call may go first: only the places that were held may be taken again.
    if (cold.reuse > 0 && cold.nextProbe > time) limit = Math.min(limit, cold.reuse);
    const out = cold.nextProbe > time || cold.nextEven !== undefined;
    if (!out && burst.size + spaced.size < limit) {
      starts.push(time);
      burst.push(time + latencyMs + windowMs);
    }
    time = Math.max(time + latencyMs, cold.nextEven ?? 0);
  }
  while (starts.length < count) {
    burst.dropUntil(time);
    spaced.dropUntil(time);
    const occupancy = {
      limit,
      budget,
      burst: burst.size,
      held: burst.size + spaced.size,
      nextSpaced,
      pausedUntil: 0,
      cold: undefined,
    };
    switch (gradeOf(occupancy, time)) {
      case 'burst':
        burst.push(time + latencyMs + windowMs);
        starts.push(time);
        break;
      case 'space':
        spaced.push(time + latencyMs + windowMs);
        nextSpaced = time + budget.spacingMs;
        starts.push(time);
        break;
      case 'full':
        time = Math.min(burst.first, spaced.first);
        break;
      default:
        time = Math.min(burst.first, nextSpaced);
    }
  }
  return starts.slice(0, count);
};
