/** What was spent upstream for each model, compared with what perfect caches would spend. Pure. */

import type { Granularity } from '../../config/config.ts';
import { type Ideal, ideal, promised, type Spending } from './ideal.ts';
import { type Facts, type Table, whole } from './report.ts';
import { NOTHING_SPENT, total } from './spending.ts';

export interface ModelFacts extends Facts {
  /** The granularity at which scores were reused; undefined if unknown. */
  readonly granularity: ReadonlyMap<string, Granularity> | undefined;
}

interface ModelFigures {
  readonly model: string;
  readonly granularity: Granularity | undefined;
  readonly actual: Spending | undefined;
  /** Undefined if no request was for this model. */
  readonly ideals: Ideal | undefined;
  /** The ideal for the granularity; undefined if that is unknown. */
  readonly ideal: Spending | undefined;
}

const figures = ({ sent, usage, granularity }: ModelFacts): ModelFigures[] => {
  const ideals = ideal(sent);
  const models = new Set([...ideals.keys(), ...(usage?.byModel.keys() ?? [])]);
  return [...models].map((model) => {
    const [best, chosen] = [ideals.get(model), granularity?.get(model)];
    return {
      model,
      granularity: chosen,
      actual: usage && (usage.byModel.get(model) ?? NOTHING_SPENT),
      ideals: best,
      ideal: best && chosen && promised(best, chosen),
    };
  });
};

/** A row for each model and one for all; `ideal` is the ideal for the granularity in force. */
export const modelTable = (facts: ModelFacts): Table => {
  const models = figures(facts);
  const sum = (of: (model: ModelFigures) => Spending | undefined): Spending | undefined =>
    all(models.map(of));
  return [
    ['upstream calls / documents', 'granularity', 'actual', 'ideal', 'ideal, whole requests', 'ideal, pairs'],
    ...models.map(({ model, granularity, actual, ideal, ideals }) => [
      model,
      granularity ?? '–',
      ...[actual, ideal, ideals?.wholeRequests, ideals?.pairs].map(spending),
    ]),
    [
      'total',
      '',
      spending(facts.usage && total(facts.usage)),
      spending(sum(({ ideal }) => ideal)),
      spending(sum(({ ideals }) => ideals?.wholeRequests ?? NOTHING_SPENT)),
      spending(sum(({ ideals }) => ideals?.pairs ?? NOTHING_SPENT)),
    ],
  ];
};

const spending = (spent: Spending | undefined): string =>
  `${whole(spent?.calls)} / ${whole(spent?.documents)}`;

/** The sum; undefined if a part is. */
const all = (parts: readonly (Spending | undefined)[]): Spending | undefined => {
  const known = parts.filter((part) => part !== undefined);
  if (known.length < parts.length) return undefined;
  return {
    calls: known.reduce((calls, one) => calls + one.calls, 0),
    documents: known.reduce((documents, one) => documents + one.documents, 0),
  };
};

/**
 * Compares each model with the ideal for its granularity. The ideal assumes requests one after the other; under load a
 * gateway may spend less, since calls that wait for their permits are merged.
 */
export const comparisonLines = (facts: ModelFacts): string[] => {
  const models = figures(facts);
  const lines = models.flatMap(({ model, granularity, actual, ideal }) => {
    if (!actual || !ideal) return [];
    const calls = against(actual.calls, ideal.calls, 'calls');
    return [`${model}, ${granularity}: ${calls}; ${against(actual.documents, ideal.documents, 'documents')}`];
  });
  const saved = models.reduce(
    (sum, { actual, ideal }) => sum + (actual && ideal ? Math.max(0, ideal.calls - actual.calls) : 0),
    0,
  );
  if (saved === 0) return lines;
  const { rejected, error, unanswered: silent, wrong } = facts.tally.figures().outcomes;
  const unanswered = rejected + error + silent + wrong;
  const other =
    unanswered === 0 ? '' : `, or not made for the ${whole(unanswered)} requests without an answer`;
  return [...lines, `calls saved by sending asks that waited as one${other}: ${whole(saved)}`];
};

const against = (actual: number, ideal: number, what: string): string => {
  const difference = actual - ideal;
  if (difference === 0) return `${whole(actual)} ${what}, its ideal`;
  const share = `${difference > 0 ? '+' : '−'}${((100 * Math.abs(difference)) / ideal).toFixed(1)} %`;
  const how = `${whole(Math.abs(difference))} ${difference > 0 ? 'more' : 'fewer'} than its ideal`;
  return `${whole(actual)} ${what}, ${how} (${share})`;
};
