/** What the answers about an embedding model say, as lines for people. Pure. */

import { messageOf } from '../../../upstream/refusal.ts';
import type { Answered } from '../transport.ts';
import { EMBEDDING_CALLS, type EmbeddingCall } from './plan.ts';

export interface Embedded {
  /** In the order of the call's texts; undefined: no such answer. */
  readonly vectors: readonly (readonly number[] | string)[] | undefined;
  readonly tokens: number | undefined;
  readonly refusal: string;
}

/** Of an answer: its vectors, or why there are none. */
export const readEmbedded = (answered: Answered, count: number): Embedded => {
  const none = (refusal: string): Embedded => ({ vectors: undefined, tokens: undefined, refusal });
  if (!('status' in answered)) return none(answered.reason);
  const { status, body } = answered;
  if (status !== 200) return none(`${status} ${messageOf(body) ?? '(no message)'}`);
  try {
    const { data, usage } = JSON.parse(body) as {
      data: { index: number; embedding: number[] | string }[];
      usage?: { total_tokens?: number };
    };
    const vectors = [...data].sort((a, b) => a.index - b.index).map(({ embedding }) => embedding);
    if (vectors.length !== count || vectors.includes(undefined!)) return none('the answer is no embeddings');
    return { vectors, tokens: usage?.total_tokens, refusal: '' };
  } catch {
    return none('the answer is no embeddings');
  }
};

const NOT_MEASURED = 'not measured';

type All = Readonly<Partial<Record<EmbeddingCall, Embedded>>>;

const row = (title: string, text: string): string => `  ${title.padEnd(16)}  ${text}`;

export const findings = (all: All): string[] => [
  ...SAME.map(([title, one, other]) => row(title, sameness(all, one, other))),
  row('base64', base64(all)),
  row('search_query', input(all)),
  row('tokens', tokens(all)),
  ...EDGES.map((name) => row(name, edge(all[name]))),
];

/** Whether what the gateway assumes was measured and is true: a text's vector depends on nothing that stands beside it. */
export const isSound = (all: All): boolean =>
  SAME.every(([, one, other]) => (largest(all, one, other) ?? 1) <= TOLERANCE);

/** As that of src/endpoints/embeddings: 1 − cosine. */
const TOLERANCE = 0.001;

const SAME: readonly (readonly [string, EmbeddingCall, EmbeddingCall])[] = [
  ['repetition', 'first', 'again'],
  ['order', 'first', 'reversed'],
  ['companions', 'first', 'alone'],
  ['in a full call', 'alone', 'among 95 others'],
];

const EDGES: readonly EmbeddingCall[] = [
  'int8',
  'binary',
  'int8 in base64',
  '97 texts',
  '2,049 bytes',
  'encoding float',
  'unknown field',
];

const numbersOf = (vector: readonly number[] | string | undefined): readonly number[] | undefined =>
  typeof vector === 'string' ? undefined : vector;

/** Vectors of the texts that two calls have in common. */
const pairs = (all: All, one: EmbeddingCall, other: EmbeddingCall): (readonly [number[], number[]])[] =>
  EMBEDDING_CALLS[one].input.flatMap((text, i) => {
    const j = (EMBEDDING_CALLS[other].input as readonly string[]).indexOf(text);
    const [a, b] = [numbersOf(all[one]?.vectors?.[i]), numbersOf(all[other]?.vectors?.[j])];
    return a && b ? [[[...a], [...b]] as const] : [];
  });

const distance = ([a, b]: readonly [number[], number[]]): number => {
  const dot = (x: number[], y: number[]): number => x.reduce((sum, each, i) => sum + each * y[i]!, 0);
  return String(a) === String(b) ? 0 : 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b) || 1);
};

const largest = (all: All, one: EmbeddingCall, other: EmbeddingCall): number | undefined => {
  const distances = pairs(all, one, other).map(distance);
  return distances.length === 0 ? undefined : Math.max(...distances);
};

const sameness = (all: All, one: EmbeddingCall, other: EmbeddingCall): string => {
  const most = largest(all, one, other);
  if (most === undefined) return NOT_MEASURED;
  const { length } = pairs(all, one, other);
  if (most === 0) return `no influence: ${length} vectors, the same digit for digit`;
  const weight = most > TOLERANCE ? '' : ', which counts as none';
  return `largest distance ${most.toPrecision(3)}${weight} (${length} vectors)`;
};

const base64 = ({ first, base64 }: All): string => {
  const encoded = base64?.vectors?.[0];
  const raw = numbersOf(first?.vectors?.[0]);
  if (typeof encoded !== 'string' || raw === undefined) return base64?.refusal || NOT_MEASURED;
  const same = Buffer.from(Float32Array.from(raw).buffer).equals(Buffer.from(encoded, 'base64'));
  return same ? `the float32 of raw, ${raw.length} numbers` : 'not the float32 of raw';
};

const input = (all: All): string => {
  const most = largest(all, 'alone', 'search_query');
  return most === undefined ? NOT_MEASURED : `another vector, distance ${most.toPrecision(3)}`;
};

const tokens = (all: All): string => {
  const [one, other, both] = [all.alone, all['another alone'], all.both].map((each) => each?.tokens);
  if (one === undefined || other === undefined || both === undefined) return NOT_MEASURED;
  const sum = one + other;
  return `${one} and ${other} alone, ${both} together: ${both === sum ? 'charged by text' : 'not the sum'}`;
};

const edge = (one: Embedded | undefined): string => {
  if (one === undefined) return NOT_MEASURED;
  const [vector] = one.vectors ?? [];
  if (vector === undefined) return one.refusal;
  return typeof vector === 'string'
    ? `200, ${Buffer.from(vector, 'base64').length} bytes`
    : `200, ${vector.length} numbers`;
};
