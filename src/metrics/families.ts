/**
 * What a registry holds, family by family, and as text. A series is known by its labels as they stand in the text, so that
 * no two series of a family are the same; the name of the dyno is none of them, since it is the same for all.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */

import type { Metric, MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

/** A metric: everything about it that does not change. */
export interface Shape {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending and without the infinite one; of anything else none. */
  readonly bounds: readonly number[];
}

/** Of a counter or gauge its value; of a histogram the calls within each bound, all of them, and their sum. */
export type Numbers = readonly number[];

export interface Family {
  readonly shape: Shape;
  /** By labels as text, in the order of the shape: `client="search",model="a"`. */
  readonly series: ReadonlyMap<string, Numbers>;
}

/** By name. Those of a registry are all of its families, the ones without a series too. */
export type Families = ReadonlyMap<string, Family>;

/** So far, doubles count by one. */
export const MOST = Number.MAX_SAFE_INTEGER;

/** What a metric of prom-client is made with: it keeps it, and its types do not tell. */
type Made = Metric & { readonly labelNames: readonly string[]; readonly upperBounds?: readonly number[] };

export const familiesOf = async (registry: Registry): Promise<Families> => {
  const metrics = registry.getMetricsAsArray() as unknown as Made[];
  const families = await Promise.all(metrics.map(familyOf));
  return new Map(families.map((family) => [family.shape.name, family]));
};

const familyOf = async (metric: Made): Promise<Family> => {
  const { labelNames: labels, upperBounds = [] } = metric;
  const { name, help, type, values } = (await metric.get()) as MetricObjectWithValues<MetricValue<string>>;
  const shape = { name, help, type: String(type) as Shape['type'], labels, bounds: upperBounds };
  const series = new Map<string, number[]>();
  for (const { labels: own, value } of values) {
    const key = labels.map((label) => `${label}="${escaped(String(own[label] ?? ''))}"`).join(',');
    const numbers = series.get(key);
    // A histogram's come in the order of the text: its buckets, the sum, and the count that the last bucket tells, too.
    if (numbers === undefined) series.set(key, [value]);
    else if (numbers.length < upperBounds.length + 2) numbers.push(value);
  }
  // A mean of nothing is no number, and nothing to tell.
  for (const [key, numbers] of series) if (!fits(numbers, shape)) series.delete(key);
  return { shape, series };
};

/** Whether a series of such a metric can have these numbers: what does not fit is neither told nor believed. */
export const fits = (numbers: unknown, { type, bounds }: Shape): numbers is number[] => {
  if (!Array.isArray(numbers)) return false;
  const least = type === 'gauge' ? -MOST : 0;
  if (!numbers.every((number) => typeof number === 'number' && number >= least && number <= MOST))
    return false;
  if (type !== 'histogram') return numbers.length === 1;
  // Whatever lies within a bound lies within the next one.
  const counts = numbers.slice(0, -1);
  return counts.length === bounds.length + 1 && counts.every((count, i) => i === 0 || count >= counts[i - 1]);
};

/** As a scraper reads it: of each of these metrics the series of every dyno. */
export const renderText = (
  shapes: readonly Shape[],
  dynos: readonly { readonly dyno: string; readonly families: Families }[],
): string =>
  shapes
    .map((shape) => {
      const { name, help, type } = shape;
      const told = dynos.map(({ dyno, families }) => {
        const dynoLabel = `dyno="${escaped(dyno)}"`;
        return [...(families.get(name)?.series ?? [])]
          .map(([labels, numbers]) =>
            samples(shape, labels === '' ? dynoLabel : `${labels},${dynoLabel}`, numbers),
          )
          .join('');
      });
      return `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n${told.join('')}`;
    })
    .join('\n');

const samples = ({ name, type, bounds }: Shape, labels: string, numbers: Numbers): string => {
  if (type !== 'histogram') return `${name}{${labels}} ${numbers[0]}\n`;
  const [count, sum] = numbers.slice(-2);
  const buckets = bounds.map((bound, i) => `${name}_bucket{le="${bound}",${labels}} ${numbers[i]}\n`);
  return `${buckets.join('')}${name}_bucket{le="+Inf",${labels}} ${count}\n${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${count}\n`;
};

const escapedHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

const escaped = (text: string): string =>
  /[\\"\n]/.test(text) ? escapedHelp(text).replaceAll('"', '\\"') : text;
