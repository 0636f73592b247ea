import { describe, expect, test } from 'vitest';
import { KEYS, startTestGateway } from '../support/gateway.ts';
import { ask, best } from './bed.ts';
import { behaviours } from './behaviours.ts';
import { type Answer, type Question, type Ranked, ranked, type Setting, shownError } from './client.ts';

interface ErrorAnswer {
  readonly error: { readonly code: number; readonly type: string; readonly message: string };
}

class Refused extends Error {
  readonly type: string;
  readonly status: number;

  constructor({ code, type, message }: ErrorAnswer['error']) {
    super(message);
    this.type = type;
    this.status = code;
  }
}

const rank = async (
  { url, key, signal }: Setting,
  { topN, ...question }: Question,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${key}` },
): Promise<Ranked[]> => {
  const response = await fetch(`${url}/v1/rerank`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...question, top_n: topN }),
    ...(signal && { signal }),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Refused((answer as ErrorAnswer).error);
  return ranked(answer as Answer);
};

behaviours({
  name: 'fetch',
  rank: (setting, question) => rank(setting, question),
  shown: (error) => ({
    ...shownError(error),
    ...(error instanceof Refused && { kind: error.type }),
  }),
  kinds: {
    400: 'invalid_request_error',
    401: 'authentication_error',
    403: 'authorization_error',
    404: 'invalid_request_error',
    413: 'invalid_request_error',
    429: 'rate_limit_error',
    502: 'server_error',
    503: 'server_error',
    504: 'server_error',
  },
  again: { 429: 'never', 503: 'never' },
  leaves: 'by a signal',
  left: { kind: 'DOMException', message: 'This operation was aborted' },
});

describe('fetch', () => {
  test.each(['x-api-key', 'x-portkey-api-key'])('may send its key as %s', async (name) => {
    const gateway = await startTestGateway();
    const question = ask();
    const setting = { url: gateway.url, key: KEYS.search, retries: true };
    expect(await rank(setting, question, { [name]: KEYS.search })).toEqual(best(question));
    await gateway.stop();
  });
});
