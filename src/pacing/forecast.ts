/** When the next calls could start: the window's own rule, run ahead of time. */

import { type Budget, gradeOf } from './window.ts';

export interface WindowState {
  readonly limit: number;
  readonly windowMs: number;
  readonly budget: Budget;
  /** When the places held come free, ascending: those granted as asked, and those granted one by one. */
  readonly burst: readonly number[];
  readonly spaced: readonly number[];
  /** The next moment at which a place may be granted in the spaced way. */
  readonly nextSpaced: number;
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
 * a place.
 */
export const forecast = (state: WindowState, now: number, count: number, latencyMs: number): number[] => {
  const { limit, windowMs, budget } = state;
  const burst = new Moments(state.burst);
  const spaced = new Moments(state.spaced);
  let { nextSpaced } = state;
  const starts: number[] = [];
  for (let time = now; starts.length < count; ) {
    burst.dropUntil(time);
    spaced.dropUntil(time);
    const grade = gradeOf(
      { burst: burst.size, held: burst.size + spaced.size, limit, budget, nextSpaced },
      time,
    );
    switch (grade) {
      case 'burst':
        burst.push(time + latencyMs + windowMs);
        starts.push(time);
        break;
      case 'spaced':
        spaced.push(time + latencyMs + windowMs);
        nextSpaced = time + budget.spacingMs;
        starts.push(time);
        break;
      case 'full':
        time = Math.min(burst.first, spaced.first);
        break;
      case 'early':
        time = Math.min(burst.first, nextSpaced);
    }
  }
  return starts;
};
