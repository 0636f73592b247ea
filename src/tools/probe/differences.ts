/** How much the scores of the same pairs differ between calls. Pure. */

import type { Observation } from './observation.ts';
import type { CallName } from './plan.ts';

/** What a score may depend on besides its own query and document. */
export const ASPECTS = ['repetition', 'order', 'duplicates', 'companions'] as const;
export type Aspect = (typeof ASPECTS)[number];

export interface Difference {
  /** The number of scores compared. */
  readonly scores: number;
  /** The number of those that are the same bit for bit. */
  readonly identical: number;
  readonly largest: number;
}

type Comparison = readonly [CallName, CallName];

/** Pairs of calls that differ in one aspect only. The first pair is required; the others add evidence if they were made. */
const COMPARISONS: Readonly<
  Record<Aspect, { readonly needed: readonly Comparison[]; readonly more: readonly Comparison[] }>
> = {
  repetition: {
    needed: [['first', 'again']],
    more: [
      ['second question', 'second, again'],
      ['hundred', 'hundred, again'],
    ],
  },
  order: { needed: [['first', 'reversed']], more: [['second question', 'second, reversed']] },
  duplicates: { needed: [['first', 'duplicated']], more: [] },
  companions: {
    needed: [
      ['first', 'alone'],
      ['first', 'surrounded'],
    ],
    more: [
      ['first', 'fewer'],
      ['first', 'hundred'],
      ['first', 'hundred and one'],
      ['first', 'one long'],
      ['one long', 'long, alone'],
      ['second question', 'second, alone'],
      ['second question', 'second, surrounded'],
    ],
  },
};

/** Undefined for an aspect that was not measured, since a required call brought no scores. */
export const differences = (
  observations: readonly Observation[],
): Readonly<Record<Aspect, Difference | undefined>> => {
  const scores = new Map(
    observations.flatMap((one) => (one.outcome === 'scored' ? [[one.call.name, byText(one)] as const] : [])),
  );
  const compare = ([a, b]: Comparison): Difference | undefined => {
    const [left, right] = [scores.get(a), scores.get(b)];
    return left && right && between(left, right);
  };
  const measured = ({ needed, more }: (typeof COMPARISONS)[Aspect]): Difference | undefined => {
    const required = needed.map(compare);
    if (required.includes(undefined)) return undefined;
    return [...required, ...more.map(compare)].filter((one) => one !== undefined).reduce(both);
  };
  return Object.fromEntries(ASPECTS.map((aspect) => [aspect, measured(COMPARISONS[aspect])])) as Record<
    Aspect,
    Difference | undefined
  >;
};

type ScoresByText = ReadonlyMap<string, readonly number[]>;

/** The scores of each text: several if it was sent several times. */
const byText = ({ call, values }: Extract<Observation, { outcome: 'scored' }>): ScoresByText => {
  const scores = new Map<string, number[]>();
  call.documents.forEach((text, index) => {
    const known = scores.get(text) ?? [];
    scores.set(text, [...known, values[index]!]);
  });
  return scores;
};

const between = (left: ScoresByText, right: ScoresByText): Difference => {
  const apart = [...left].flatMap(([text, scores]) =>
    scores.flatMap((a) => (right.get(text) ?? []).map((b) => (Object.is(a, b) ? 0 : Math.abs(a - b)))),
  );
  return {
    scores: apart.length,
    identical: apart.filter((difference) => difference === 0).length,
    largest: Math.max(0, ...apart),
  };
};

const both = (a: Difference, b: Difference): Difference => ({
  scores: a.scores + b.scores,
  identical: a.identical + b.identical,
  largest: Math.max(a.largest, b.largest),
});
