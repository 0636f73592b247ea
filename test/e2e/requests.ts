/** Requests for tests, and where answers are checked the same way everywhere. */

import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { COHERE, KEYS, metric, type TestGateway, UPSTREAM_KEY } from '../support/gateway.ts';
import type { TestRedis } from '../support/redis.ts';

let count = 0;

/** A valid request that nobody has made before, so that no cache knows it. */
export const fresh = (over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  model: COHERE,
  query: `QUERYTEXT capital of country number ${++count}`,
  documents: ['DOCTEXT a capital', 'DOCTEXT a country', 'DOCTEXT something else'],
  ...over,
});

export interface RerankBody {
  readonly id: string;
  readonly results: { index: number; relevance_score: number; document?: unknown }[];
  readonly meta: {
    readonly api_version: unknown;
    readonly billed_units: { readonly search_units: number };
    readonly warnings?: readonly string[];
  };
}

/** The body of an answer that has to be a 200. */
export const bodyOf = async (response: Response): Promise<RerankBody> => {
  expect(response.status).toBe(200);
  return (await response.json()) as RerankBody;
};

/** What a client reads of an answer, whatever brought it. */
export interface ErrorAnswer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly text: string;
}

export const errorAnswer = async (response: Response): Promise<ErrorAnswer> => ({
  status: response.status,
  header: (name) => response.headers.get(name) ?? undefined,
  text: await response.text(),
});

/** Checks everything that all errors have in common, and returns the message. */
export const checkError = (
  { status, header, text }: ErrorAnswer,
  expected: { status: number; type: string },
  gateway: TestGateway,
): string => {
  expect(status).toBe(expected.status);
  const { error, ...body } = JSON.parse(text) as {
    id: string;
    message: string;
    error: { param?: string };
  };
  const { param, ...rest } = error;
  expect(body).toEqual({ id: header('x-request-id'), message: expect.stringMatching(/\S/) });
  expect(rest).toEqual({ code: expected.status, message: body.message, type: expected.type });
  // What programs read as the field at fault, people read in the message.
  if (param !== undefined) expect(body.message).toContain(param);
  expect(header('content-type')).toMatch(/^application\/json/);
  if (status === 429 || status === 503) {
    expect(header('retry-after')).toMatch(/^([1-9]|[1-5]\d)$/);
  } else {
    expect(header('retry-after')).toBeUndefined();
  }
  // Compared without printing what was found: a failing test's output must not hold it either.
  const { host, port } = new URL(gateway.simulator.url);
  const forbidden = [
    host,
    port,
    UPSTREAM_KEY,
    ...Object.values(KEYS),
    'QUERYTEXT',
    'DOCTEXT',
    '.ts:',
    '\\n    at ',
  ];
  expect(forbidden.findIndex((words) => text.includes(words))).toBe(-1);
  return body.message;
};

/** Both steps at once, for a `fetch` answer. */
export const expectError = async (
  response: Response,
  expected: { status: number; type: string },
  gateway: TestGateway,
): Promise<string> => checkError(await errorAnswer(response), expected, gateway);

/** Questions of which Redis holds pairs. It is filled behind the answer's back. */
export const questionsKept = async ({ url }: Pick<TestRedis, 'url'>): Promise<number> => {
  const client = new Redis(url);
  const keys = await client.keys('rerank:pairs3:*');
  client.disconnect();
  return keys.length;
};

/** Commands of a kind that a gateway, alone at its Redis, has sent there. */
export const redisCommands = async (gateway: TestGateway, op: string): Promise<number> =>
  metric(await gateway.metrics(), 'gateway_redis_command_duration_seconds_count', { op });

export const INVALID = { status: 400, type: 'invalid_request_error' };
export const RATE_LIMITED = { status: 429, type: 'rate_limit_error' };
export const serverError = (status: number) => ({ status, type: 'server_error' });
