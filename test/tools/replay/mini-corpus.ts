/** A corpus of a few made-up texts, small enough to know what becomes of it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TraceLine {
  readonly at: number;
  readonly client: string;
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  readonly top_n?: number;
}

const WORDS = 'wing shock layer heat flow plate speed cone nozzle drag wave lift panel flutter creep'.split(
  ' ',
);

/** Different for every number up to 225. */
const sentence = (number: number): string =>
  `${WORDS[number % 15]} ${WORDS[Math.floor(number / 15) % 15]} of the ${WORDS[(number * 7) % 15]}`;

const idsUpTo = (size: number): string[] => Array.from({ length: size }, (_, i) => String(i + 1));

const SIZE = 20;
const ids = idsUpTo(SIZE);
const rotated = (by: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => ids[(by + i) % SIZE]!);

/**
 * 60 requests in 3 s: 12 rounds of a chatbot's question, a search, the same search by another service at the same
 * moment with its documents in another order, another search, and an evaluation that comes twice.
 */
export const TRACE: readonly TraceLine[] = Array.from({ length: 12 }, (_, round): TraceLine[] => {
  const at = round * 250;
  const query = String(1 + (round % 6));
  const amazon = { model: 'amazon-rerank-1-0', query };
  const cohere = { model: 'cohere-rerank-3-5', query };
  return [
    { at, client: 'chatbot', ...amazon, documents: rotated(round, 8), top_n: 3 },
    { at: at + 20, client: 'search', ...amazon, documents: rotated(round, 12), top_n: 10 },
    { at: at + 20, client: 'chatbot', ...amazon, documents: rotated(round, 12).reverse(), top_n: 50 },
    { at: at + 40, client: 'search', ...cohere, documents: rotated(round * 3, 10), top_n: 10 },
    { at: at + 60, client: 'evaluation', ...cohere, documents: rotated((round % 3) * 4, 15) },
  ];
}).flat();

const lines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** @param size documents, and queries; at most 125 */
export const corpusOf = (size: number, trace: readonly TraceLine[]) => ({
  'documents.jsonl': lines(idsUpTo(size).map((id) => ({ id, text: `${sentence(Number(id))} .` }))),
  'queries.jsonl': lines(idsUpTo(size).map((id) => ({ id, text: `${sentence(Number(id) + 100)} ?` }))),
  'trace.jsonl': lines(trace),
});

export const FILES = corpusOf(SIZE, TRACE);

export interface CorpusFolder extends AsyncDisposable {
  readonly path: string;
}

/** @param changes files to write otherwise; undefined: to leave out */
export const writeCorpus = async (
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<CorpusFolder> => {
  const path = await mkdtemp(join(tmpdir(), 'replay-corpus-'));
  for (const [name, content] of Object.entries({ ...FILES, ...changes })) {
    if (content !== undefined) await writeFile(join(path, name), content);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
};
