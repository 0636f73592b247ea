/** Metrics texts of every kind, for property tests. */

import fc from 'fast-check';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

export interface FamilyText {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** What the format can carry only in an escaped form, or what looks like its own syntax. */
const NASTY = [
  '"',
  '\\',
  '\n',
  '{',
  '}',
  ',',
  '=',
  ' ',
  '#',
  '# TYPE a gauge',
  '\\n',
  '} 1',
  'ü',
  '\u2028',
  'a_total 1',
];

const labelValue = fc
  .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ maxLength: 4, unit: 'grapheme' })), { maxLength: 4 })
  .map((parts) => parts.join('').replaceAll('\0', ''));

const labels = fc.dictionary(fc.constantFrom('model', 'client', 'code', 'a_b', '_x9'), labelValue, {
  maxKeys: 3,
  noNullPrototype: true,
});

const value = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('NaN', 'Nan', '+Inf', '-Inf', '0'),
);

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  untyped: [''],
  summary: ['', '_sum', '_count'],
  histogram: ['_bucket', '_sum', '_count'],
};

const NAMES = [
  'gateway_requests_total',
  'gateway_wait_seconds',
  'process:x',
  'up',
  'upper',
  'heap_count',
  'heap_sum',
];

/** A family that two texts have, they agree on the type of. */
const typeOf = (name: string): string => Object.keys(SUFFIXES)[NAMES.indexOf(name) % 5]!;

const family = (name: string): fc.Arbitrary<FamilyText> => {
  const type = typeOf(name);
  const sample = fc.record({
    name: fc.constantFrom(...SUFFIXES[type]!).map((suffix) => name + suffix),
    labels,
    value,
  });
  return fc.record({
    name: fc.constant(name),
    type: fc.constant(type),
    help: fc.constantFrom('Helps.', 'A \\\\ and a \\n in it.', '# not a comment', ''),
    samples: fc.array(sample, { maxLength: 5 }),
  });
};

/** The families of one text, each once. */
export const families: fc.Arbitrary<FamilyText[]> = fc
  .subarray(NAMES)
  .chain((names) => fc.tuple(...names.map(family)));

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

export const write = ({ name, labels, value }: Sample): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
};

export const textOf = (all: readonly FamilyText[]): string =>
  all
    .map(({ name, type, help, samples }) =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map(write), ''].join('\n'),
    )
    .join('\n');
