/** The calls of a probe and their order. Pure. */

import { wire } from '../../endpoints/rerank/wire.ts';
import { COMPANIONS, FIRST, filler, LONG, type Question, SECOND } from './texts.ts';

/** The most calls of one run, whatever the number of models. */
export const MOST_CALLS = 30;

export interface PlannedCall {
  readonly model: string;
  readonly name: CallName;
  readonly documents: readonly string[];
  readonly body: string;
  /** Breaks a rule that the upstream may have: any answer is a finding, and none is a failure. */
  readonly edge: boolean;
}

interface Sketch {
  readonly documents: readonly string[];
  readonly body: (model: string) => string;
  readonly edge: boolean;
}

const ranking = ({ query }: Question, documents: readonly string[]): Sketch => ({
  documents,
  body: (model) => String(wire.request({ model, query, items: documents })),
  edge: false,
});

/** The first question with other fields. */
const edge = (fields: Readonly<Record<string, unknown>>, documents = FIRST.documents): Sketch => ({
  documents,
  body: (model) => JSON.stringify({ model, query: FIRST.query, documents, ...fields }),
  edge: true,
});

const { documents: own } = FIRST;
const upTo = (count: number): string[] => [
  ...own,
  ...Array.from({ length: count - own.length }, (_, number) => filler(number)),
];
const surrounded = (documents: readonly string[]): string[] => [
  ...COMPANIONS.slice(0, 6),
  ...documents,
  ...COMPANIONS.slice(6),
];

/** The most important calls come first: the more models share the calls of a run, the fewer each gets. */
const SKETCHES = {
  first: ranking(FIRST, own),
  reversed: ranking(FIRST, own.toReversed()),
  alone: ranking(FIRST, own.slice(0, 1)),
  surrounded: ranking(FIRST, surrounded(own)),
  // Not right after `first`, with which it is compared: the upstream may have cached that answer for a moment.
  again: ranking(FIRST, own),
  duplicated: ranking(FIRST, [...own, own[0]!, own[3]!, own[0]!]),
  hundred: ranking(FIRST, upTo(100)),
  'hundred and one': ranking(FIRST, upTo(101)),
  'one long': ranking(FIRST, [...upTo(99), LONG]),
  'blank query': edge({ query: ' ' }),
  'empty document': edge({}, [...own, '']),
  'no documents': edge({}, []),
  'top_n too large': edge({ top_n: own.length + 1 }),
  'unknown field': edge({ no_such_field: true }),
  fewer: ranking(FIRST, own.slice(4)),
  'second question': ranking(SECOND, SECOND.documents),
  'second, reversed': ranking(SECOND, SECOND.documents.toReversed()),
  'second, alone': ranking(SECOND, SECOND.documents.slice(0, 1)),
  'second, surrounded': ranking(SECOND, surrounded(SECOND.documents)),
  'second, again': ranking(SECOND, SECOND.documents),
  'hundred, again': ranking(FIRST, upTo(100)),
  'long, alone': ranking(FIRST, [LONG]),
} as const satisfies Record<string, Sketch>;

export type CallName = keyof typeof SKETCHES;

const NAMES = Object.keys(SKETCHES) as CallName[];

/** The fewest calls that show what a model's scores depend on. */
export const LEAST_CALLS = 1 + NAMES.indexOf('again');

/** The most models that one run can judge. */
export const MOST_MODELS = Math.floor(MOST_CALLS / LEAST_CALLS);

/**
 * The calls of a run, one model after the other, the same for each.
 * @param models distinct, MOST_MODELS at most
 * @param most calls for all of them
 */
export const plan = (models: readonly string[], most = MOST_CALLS): PlannedCall[] => {
  const names = NAMES.slice(0, Math.floor(most / models.length));
  return models.flatMap((model) =>
    names.map((name): PlannedCall => {
      const { documents, body, edge } = SKETCHES[name];
      return { model, name, documents, body: body(model), edge };
    }),
  );
};
