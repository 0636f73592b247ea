import { Refusal } from './refusal.ts';

/** A body that passed every rule. */
export interface RerankRequest {
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  readonly top_n: number | undefined;
}

export const MOST_DOCUMENTS = 1000;

/** A body's JSON, or undefined when it is none (no JSON text means undefined). */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const invalid = (message: string): Refusal => new Refusal(400, message);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The model that a body names, before anything else in it is looked at; undefined when it names none. */
export const modelOf = (body: unknown): string | undefined =>
  isObject(body) && typeof body.model === 'string' && body.model !== '' ? body.model : undefined;

/** The fields of a body that is a JSON object with nothing but known fields, else a 400. */
export function fieldsOf(body: unknown): Record<string, unknown> {
  if (!isObject(body)) throw invalid('The body must be a JSON object.');
  if (modelOf(body) === undefined) throw invalid('model: a non-empty string is required.');
  return body;
}

const isDocument = (value: unknown): value is string => typeof value === 'string' && value !== '';

/**
 * Checks a body as strictly as Bedrock behind Heroku does: unknown fields, empty documents, and a `top_n` above the number
 * of documents are errors there. Null is not absence.
 */
export function validated(body: unknown): RerankRequest {
  const { model, query, documents, top_n, ...rest } = fieldsOf(body);
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw invalid(`${unknown}: extra fields are not permitted.`);
  if (typeof query !== 'string' || query.trim() === '')
    throw invalid('query: a non-blank string is required.');
  if (!Array.isArray(documents) || documents.length < 1 || documents.length > MOST_DOCUMENTS) {
    throw invalid(`documents: an array of 1 to ${MOST_DOCUMENTS} strings is required.`);
  }
  if (!documents.every(isDocument)) throw invalid('documents: each must be a non-empty string.');
  if (top_n !== undefined && !(Number.isInteger(top_n) && (top_n as number) >= 1)) {
    throw invalid('top_n: must be an integer of at least 1.');
  }
  if (top_n !== undefined && (top_n as number) > documents.length) {
    throw invalid('top_n: must not be larger than the number of documents.');
  }
  return { model: model as string, query, documents, top_n: top_n as number | undefined };
}
