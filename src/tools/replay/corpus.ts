/** A corpus as text → the requests to replay, or an error that names the file, the line and the field. Pure. */

import { aText, type Fields, idList, milliseconds, name, optionalCount } from './fields.ts';
import { CorpusError, type Lines, readLines } from './lines.ts';

export interface ReplayRequest {
  /** Number in the trace, from 1. */
  readonly number: number;
  /** Milliseconds after the start of the trace. */
  readonly at: number;
  readonly client: string;
  readonly model: string;
  /** Id of the query, which may be printed; its text may not. */
  readonly queryId: string;
  readonly query: string;
  readonly documents: readonly string[];
  readonly topN: number | undefined;
}

export const CORPUS_FILES = ['documents.jsonl', 'queries.jsonl', 'trace.jsonl'] as const;
export type CorpusFile = (typeof CORPUS_FILES)[number];

/** The gateway refuses more, so that such a request would show nothing. */
const MOST_DOCUMENTS = 1000;

/**
 * The requests of a trace in order of their time.
 * @param files the content of each file
 * @param models names that a request may have; undefined: any
 */
export const parseCorpus = (
  files: Readonly<Record<CorpusFile, string>>,
  models: readonly string[] | undefined,
): ReplayRequest[] => {
  const documents = texts(readLines('documents.jsonl', files['documents.jsonl']));
  const queries = texts(readLines('queries.jsonl', files['queries.jsonl']));
  const requests: ReplayRequest[] = [];
  for (const { fields, complain } of readLines('trace.jsonl', files['trace.jsonl'])) {
    const model = aText(fields, 'model', complain);
    if (models && !models.includes(model)) complain('model', `must be one of ${models.join(', ')}`);
    const queryId = aText(fields, 'query', complain);
    const ids = idList(fields, 'documents', MOST_DOCUMENTS, complain);
    requests.push({
      number: requests.length + 1,
      at: milliseconds(fields, 'at', complain),
      client: name(fields, 'client', complain),
      model,
      queryId,
      query: queries.get(queryId) ?? complain('query', 'is not an id of queries.jsonl'),
      documents: ids.map(
        (id, i) => documents.get(id) ?? complain(`documents[${i}]`, 'is not an id of documents.jsonl'),
      ),
      topN: optionalCount(fields, 'top_n', complain),
    });
  }
  if (requests.length === 0) throw new CorpusError('trace.jsonl holds no request');
  return requests.sort((a, b) => a.at - b.at);
};

/** Texts by id. */
const texts = (lines: Lines): Map<string, string> => {
  const found = new Map<string, string>();
  for (const { fields, complain } of lines) {
    const id = aText(fields, 'id', complain);
    if (found.has(id)) complain('id', 'stands on an earlier line too');
    found.set(id, nonBlank(fields, complain));
  }
  return found;
};

const nonBlank = (fields: Fields, complain: (field: string, rule: string) => never): string => {
  const text = aText(fields, 'text', complain);
  return text.trim() === '' ? complain('text', 'must not be blank') : text;
};
