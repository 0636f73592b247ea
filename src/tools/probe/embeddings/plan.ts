/** The calls that measure an embedding model, and their order. Pure. */

import { COMPANIONS, FIRST, filler } from '../texts.ts';

export interface PlannedEmbedding {
  readonly input: readonly string[];
  /** Besides model and input. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Breaks a rule that the upstream may have: any answer is a finding. */
  readonly edge: boolean;
}

const call = (input: readonly string[], fields: object = {}): PlannedEmbedding => ({
  input,
  fields: { ...fields },
  edge: false,
});
const edge = (input: readonly string[], fields: object = {}): PlannedEmbedding => ({
  ...call(input, fields),
  edge: true,
});

const { documents: own } = FIRST;
const [text = '', other = ''] = own;
const fillers = (count: number): string[] => Array.from({ length: count }, (_, number) => filler(number));

export const EMBEDDING_CALLS = {
  first: call(own),
  base64: call(own, { encoding_format: 'base64' }),
  alone: call([text]),
  'another alone': call([other]),
  both: call([text, other]),
  reversed: call(own.toReversed()),
  'among 95 others': call([...COMPANIONS, ...fillers(95 - COMPANIONS.length), text]),
  again: call(own),
  search_query: call([text], { input_type: 'search_query' }),
  int8: edge([text], { embedding_type: 'int8' }),
  binary: edge([text], { embedding_type: 'binary' }),
  'int8 in base64': edge([text], { embedding_type: 'int8', encoding_format: 'base64' }),
  '97 texts': edge(fillers(97)),
  '2,049 bytes': edge([`${'é'.repeat(1024)}e`]),
  'encoding float': edge([text], { encoding_format: 'float' }),
  'unknown field': edge([text], { no_such_field: true }),
} as const satisfies Record<string, PlannedEmbedding>;

export type EmbeddingCall = keyof typeof EMBEDDING_CALLS;
