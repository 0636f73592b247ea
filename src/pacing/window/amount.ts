/** The two budgets of a window, and amounts of both. */

import { type CallOutcome, MOST_PAUSE_MS, type WindowRules } from './window.ts';

/** A number of calls, and the tokens that they cost together. */
export interface Amount {
  readonly calls: number;
  readonly tokens: number;
}

export type Measure = keyof Amount;

export const NOTHING: Amount = { calls: 0, tokens: 0 };

/** Of what is not limited, more than is ever asked for. */
export const limitOf = ({
  limit,
  tokenLimit = Number.POSITIVE_INFINITY,
}: Pick<WindowRules, 'limit' | 'tokenLimit'>): Amount => ({ calls: limit, tokens: tokenLimit });

export const sum = (a: Amount, b: Amount): Amount => ({
  calls: a.calls + b.calls,
  tokens: a.tokens + b.tokens,
});

/** What is known of a call from the moment at which it was granted. */
export interface Known {
  /** What was held then, the call included. */
  readonly held: Amount;
  /** All that had ever been taken, the call included, and by others who use the API key, too. */
  readonly taken: Amount;
}

/**
 * How much the upstream counts that we do not know of, when it says how much is left. It looked at some moment between the
 * call's admission and its answer. So we subtract all that we may have had there at any such moment: what was held at the
 * admission, and all that has been taken since, which includes what another answer has told of meanwhile. Nothing is counted
 * twice.
 */
export const excessOf = (
  { remaining, remainingTokens }: CallOutcome,
  known: Known,
  taken: Amount,
  limit: Amount,
): Amount => {
  const of = (measure: Measure, left: number | undefined): number => {
    const most = limit[measure];
    if (left === undefined || !Number.isFinite(most)) return 0;
    const ours = known.held[measure] + taken[measure] - known.taken[measure];
    return Math.max(0, Math.min(most, most - left - ours));
  };
  return { calls: of('calls', remaining), tokens: of('tokens', remainingTokens) };
};

/** What a call's end tells, as far as it can be true: of what is no number, or less than none, nothing is told. */
export const believable = (outcome: CallOutcome, { limit, tokenLimit = 0 }: WindowRules): CallOutcome => {
  const upTo = (most: number, told: number | undefined): number | undefined =>
    told !== undefined && told >= 0 ? Math.min(told, most) : undefined;
  return {
    answered: outcome.answered,
    remaining: upTo(limit, outcome.remaining),
    remainingTokens: upTo(tokenLimit, outcome.remainingTokens),
    // No call has cost more than all that a window has, whatever its bill says.
    tokens: upTo(tokenLimit, outcome.tokens),
    pauseMs: upTo(MOST_PAUSE_MS, outcome.pauseMs),
  };
};

/** A number between the two, whatever it is: of NaN, and of what is no number, the least. */
export const within = (value: unknown, least: number, most: number): number =>
  typeof value === 'number' && value >= least ? Math.min(value, most) : least;

/** The least number from 0 to `most` of which something is true that is true of all above it, too. */
export const least = (most: number, isTrue: (n: number) => boolean): number => {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
};
