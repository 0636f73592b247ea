/** How a window stands, for people to look at. Pure: times are monotonic milliseconds. */

import { amountOf, type Measure } from './amount.ts';
import type { SlidingLog } from './sliding-log.ts';
import type { Block, WindowRules } from './window.ts';

export interface WindowView {
  /** Places held now; of these, those granted one by one, and those of others who use the same key. */
  readonly used: number;
  readonly spaced: number;
  readonly foreign: number;
  /** Milliseconds for which the upstream wants to be left alone; 0: it does not. */
  readonly pausedMs: number;
  /** Why no place is free; undefined: one is. */
  readonly block: Block | undefined;
  /** How many places come free in each part of the window that begins now, the last part and all after it in one. */
  readonly frees: readonly number[];
  /** The window's second limit, of models that have one; undefined: this model has none. */
  readonly tokens?: TokensView | undefined;
}

/** As for calls, in tokens. */
export interface TokensView {
  readonly limit: number;
  readonly used: number;
  readonly spaced: number;
  readonly foreign: number;
  readonly frees: readonly number[];
}

/** Parts of a window in which places come free. */
export const PARTS = 30;

/** @param due tokens of the call that is due first */
export const viewOf = (
  log: SlidingLog,
  { windowMs, tokenLimit }: WindowRules,
  now: number,
  due = 0,
): WindowView => {
  const verdict = log.check(now, due);
  const of = (measure: Measure): Pick<WindowView, 'used' | 'spaced' | 'foreign' | 'frees'> => {
    const frees = new Array<number>(PARTS).fill(0);
    let [used, spaced, foreign] = [0, 0, 0];
    for (const permit of log.permits) {
      const amount = amountOf(permit)[measure];
      used += amount;
      if (permit.foreign) foreign += amount;
      else if (permit.spaced) spaced += amount;
      const part = Math.floor((PARTS * (permit.releaseAt - now)) / windowMs);
      frees[Math.min(PARTS - 1, Math.max(0, part))]! += amount;
    }
    return { used, spaced, foreign, frees };
  };
  return {
    ...of('calls'),
    tokens: tokenLimit === undefined ? undefined : { limit: tokenLimit, ...of('tokens') },
    pausedMs: Math.max(0, log.occupancy(now).pausedUntil - now),
    block: typeof verdict === 'object' ? verdict.reason : undefined,
  };
};
