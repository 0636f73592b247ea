/**
 * The content of a registry by family, and its text. A series is identified by its labels as they are written in the text, so
 * that no two series of a family are the same. The dyno is not among these labels, since it is the same for all.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */

import type { Metric, MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

/** The parts of a metric that do not change. */
export interface Shape {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending and without the infinite one; empty for other types. */
  readonly bounds: readonly number[];
}

/** A counter's or gauge's value; or a histogram's counts by bound (cumulative), total count, and sum. */
export type Numbers = readonly number[];

export interface Family {
  readonly shape: Shape;
  /** By labels as text, in the shape's order: `client="search",model="a"`. */
  readonly series: ReadonlyMap<string, Numbers>;
}

/** By name. A registry's families include those without a series. */
export type Families = ReadonlyMap<string, Family>;

/** The largest count: up to it, doubles represent each integer. */
export const MOST = Number.MAX_SAFE_INTEGER;

/** The options of a prom-client metric, which it keeps as properties that its types do not declare. */
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
    // A histogram's values come in the order of the text: buckets, sum, and count, which the last bucket has, too.
    if (numbers === undefined) series.set(key, [value]);
    else if (numbers.length < upperBounds.length + 2) numbers.push(value);
  }
  // Leaves out, for one, the mean of no values, which is NaN.
  for (const [key, numbers] of series) if (!fits(numbers, shape)) series.delete(key);
  return { shape, series };
};

/** Whether a series of such a metric can have these numbers: others are neither published nor accepted. */
export const fits = (numbers: unknown, { type, bounds }: Shape): numbers is number[] => {
  if (!Array.isArray(numbers)) return false;
  const least = type === 'gauge' ? -MOST : 0;
  if (!numbers.every((number) => typeof number === 'number' && number >= least && number <= MOST))
    return false;
  if (type !== 'histogram') return numbers.length === 1;
  // Buckets are cumulative.
  const counts = numbers.slice(0, -1);
  return counts.length === bounds.length + 1 && counts.every((count, i) => i === 0 || count >= counts[i - 1]);
};

/** What one process tells. */
export interface OfDyno {
  readonly dyno: string;
  readonly families: Families;
}

/** The text that a scraper reads: for each of these metrics the series of every dyno. */
export const renderText = (shapes: readonly Shape[], dynos: readonly OfDyno[]): string =>
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
