/** Every expression that is committed, with the place it stands at. */

import { ALERTS, RECORDINGS } from '../../deploy/committed.ts';
import { DASHBOARD, PANELS } from '../../deploy/dashboard-file.ts';
import { QUERIES } from '../../deploy/runbook.ts';

export interface Expression {
  readonly where: string;
  readonly expr: string;
}

/** What Grafana puts in for the variables, all being chosen. */
const filledIn = (expr: string, rangeSeconds: number): string =>
  expr
    .replaceAll('$__rate_interval', '5s')
    .replaceAll('$__range', `${rangeSeconds}s`)
    .replaceAll('$job', 'rerank-gateway')
    .replaceAll(/\$(model|client|dyno)\b/g, '.*')
    .replaceAll('$price', '0.002');

/** Of panels and annotations, in a time range of so many seconds. */
export const shown = (rangeSeconds: number): Expression[] => [
  ...PANELS.flatMap(({ row, title, targets }) =>
    targets.map(({ refId, expr }) => ({
      where: `${row} / ${title} ${refId}`,
      expr: filledIn(expr, rangeSeconds),
    })),
  ),
  ...DASHBOARD.annotations.list.map(({ name, expr }) => ({
    where: `annotation ${name}`,
    // Nothing fires within a minute: what will is pending.
    expr: filledIn(expr, rangeSeconds).replace('alertstate="firing"', 'alertstate="pending"'),
  })),
];

export const recorded: readonly Expression[] = RECORDINGS.map(({ record, expr }) => ({
  where: record,
  expr,
}));

export const alerting: readonly Expression[] = ALERTS.map(({ alert, expr }) => ({ where: alert, expr }));

export const advised: readonly Expression[] = QUERIES.map((expr) => ({ where: 'the runbook', expr }));

export interface VariableQuery {
  readonly name: string;
  readonly selector: string;
  readonly label: string;
}

export const variables: readonly VariableQuery[] = DASHBOARD.templating.list.flatMap((variable) => {
  if (variable.type !== 'query') return [];
  const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(variable.query) ?? [];
  return [{ name: variable.name, selector: filledIn(selector, 1), label }];
});
