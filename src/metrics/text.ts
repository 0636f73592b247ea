/**
 * Prometheus' text format, taken apart as far as merging needs it: which lines belong to which family. The samples pass
 * through as they are, whatever their labels and values.
 *
 * Not prom-client's `AggregatorRegistry`: it takes every sample apart, which takes some twenty times as long, and it
 * drops series.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */

/** What a text says of one metric. */
export interface Family {
  readonly name: string;
  help?: string | undefined;
  type?: string | undefined;
  /** Lines, each with its line feed; one or several to a string. */
  readonly samples: string[];
}

/** By name, in the order of the text. */
export type Families = ReadonlyMap<string, Family>;

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="[^"\\\n]*(?:\\.[^"\\\n]*)*"`;
const NUMBER = String.raw`(?:[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|Inf)|Na[Nn])`;
const REST = `(?:{(?:${LABEL}(?:,${LABEL})*,?)?})? ${NUMBER}(?: -?\\d+)?\n`;

/** Lines of samples with the same name, as many as there are: line by line would take three times as long. */
const SAMPLES = new RegExp(`(${NAME})${REST}(?:\\1${REST})*`, 'y');
const HEADER = new RegExp(`# (HELP|TYPE) (${NAME}) ?(.*)\n`, 'y');
const COMMENT = /(?:#.*)?\n/y;

const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

/** What the name of a sample may have after the name of such a family. */
const SUFFIXES: Readonly<Record<string, RegExp>> = {
  histogram: /_(?:bucket|sum|count)$/,
  summary: /_(?:sum|count)$/,
};

/** Undefined when any line is not of the format: one such line would cost the scraper the answer of the whole fleet. */
export const parseText = (text: string): Families | undefined => {
  // To Prometheus a zero byte is the end.
  if (text.includes('\0')) return undefined;
  const source = text.endsWith('\n') ? text : `${text}\n`;
  const families = new Map<string, Family>();
  const family = (name: string): Family => {
    const known = families.get(name) ?? { name, samples: [] };
    families.set(name, known);
    return known;
  };
  const familyOf = (sample: string): Family => {
    for (const [type, suffix] of Object.entries(SUFFIXES)) {
      const parent = families.get(sample.replace(suffix, ''));
      if (parent?.type === type) return parent;
    }
    return family(sample);
  };

  let at = 0;
  const next = (sticky: RegExp): RegExpExecArray | null => {
    sticky.lastIndex = at;
    const found = sticky.exec(source);
    if (found) at = sticky.lastIndex;
    return found;
  };
  while (at < source.length) {
    const header = next(HEADER);
    if (header) {
      const [, keyword, name = '', words = ''] = header;
      if (keyword === 'HELP') family(name).help ??= words;
      else if (TYPES.has(words)) family(name).type ??= words;
      else return undefined;
      continue;
    }
    const samples = next(SAMPLES);
    if (samples) familyOf(samples[1]!).samples.push(samples[0]);
    else if (!next(COMMENT)) return undefined;
  }
  return families;
};

/** Several texts as one: every sample of all of them, each family once, described as in the first text that has it. */
export const merge = (texts: readonly Families[]): Families => {
  const merged = new Map<string, Family>();
  for (const { name, help, type, samples } of texts.flatMap((families) => [...families.values()])) {
    const family = merged.get(name) ?? { name, samples: [] };
    family.help ??= help;
    family.type ??= type;
    family.samples.push(...samples);
    merged.set(name, family);
  }
  return merged;
};

export const renderText = (families: Families): string => [...families.values()].map(render).join('');

const render = ({ name, help, type, samples }: Family): string =>
  [
    help === undefined ? '' : `# HELP ${name} ${help}\n`,
    type === undefined ? '' : `# TYPE ${name} ${type}\n`,
    ...samples,
  ].join('');
