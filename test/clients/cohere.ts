/** What all that is built on `cohere-ai` shows of errors, whatever its version. */

import { type Shown, type Status, shownError } from './client.ts';

/** Its classes; for a status without one, the class of all. */
export const KINDS: Readonly<Record<Status, string>> = {
  400: 'BadRequestError',
  401: 'UnauthorizedError',
  403: 'ForbiddenError',
  404: 'NotFoundError',
  413: 'CohereError',
  429: 'TooManyRequestsError',
  502: 'CohereError',
  503: 'ServiceUnavailableError',
  504: 'GatewayTimeoutError',
};

/** Its messages quote the whole body, in JSON. */
export const shown = (error: unknown): Shown => {
  const { message, ...rest } = shownError(error);
  const [, body] = /\nBody: (\{.*\})$/s.exec(message) ?? [];
  return {
    ...rest,
    message: body === undefined ? message : (JSON.parse(body) as { message: string }).message,
  };
};

export const ABORTED: Shown = { kind: 'CohereError', message: 'The user aborted a request' };
export const TIMED_OUT: Shown = { kind: 'CohereError', message: '"timeout"' };

/** Answers of both versions of its API. */
export interface Answer {
  readonly results: readonly { readonly index: number; readonly relevanceScore: number }[];
}

export const ranked = ({ results }: Answer) =>
  results.map(({ index, relevanceScore: score }) => ({ index, score }));
