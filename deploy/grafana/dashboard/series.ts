/**
 * The series that a panel looks at. Grafana fills in `$job` and the other variables, and `$__rate_interval`: at least
 * four scrapes, so that a rate survives one that failed.
 */

/** The labels besides `job` and `dyno` that a variable of the dashboard chooses from. */
export type Choice = 'model' | 'client';

const chosen = (label: string): string => `${label}=~"$${label}"`;

const selector = (metric: string, matchers: readonly string[]): string => `${metric}{${matchers.join(', ')}}`;

/** Series of a metric that processes tell of themselves, as far as the variables leave them. */
export const own = (metric: string, choices: readonly Choice[] = [], ...more: readonly string[]): string =>
  selector(metric, [...['job', 'dyno', ...choices].map(chosen), ...more]);

/** Series of what all processes share, or of what rules recorded: no dyno can be chosen. */
export const shared = (metric: string, choices: readonly Choice[] = []): string =>
  selector(metric, ['job', ...choices].map(chosen));

/** Events a second: the rate of each dyno's counter first, then their sum, so that a restart is no burst. */
export const perSecond = (series: string, ...by: readonly string[]): string =>
  sum(`rate(${series}[$__rate_interval])`, by);

/** Events in the time that the dashboard shows. */
export const inRange = (series: string, ...by: readonly string[]): string =>
  sum(`increase(${series}[$__range])`, by);

/** The value that this share of observations stays below. `series` without the `_bucket` of the histogram's name. */
export const quantile = (
  share: number,
  histogram: string,
  choices: readonly Choice[],
  by: readonly string[] = [],
  ...more: readonly string[]
): string =>
  `histogram_quantile(${share}, ${perSecond(own(`${histogram}_bucket`, choices, ...more), 'le', ...by)})`;

const sum = (series: string, by: readonly string[]): string =>
  by.length === 0 ? `sum(${series})` : `sum by (${by.join(', ')}) (${series})`;

/** Requests that got scores. */
export const ANSWERED = 'outcome=~"hit|partial|miss|stale|bypass"';

/** Requests that got them from a call made for them, or for those they shared it with. */
export const CALLED = 'outcome=~"partial|miss|bypass"';

/** What counts against the objective, and what it is a share of: as in prometheus/rules/objective.yml. */
export const FAILED = ['outcome="error"', 'code!="499"'];
export const DUE = ['outcome!~"invalid|rejected"', 'code!="499"'];

/** Documents that needed no call. */
export const CACHED = 'source=~"memory|redis"';
