import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERRORS } from '../../src/calls/errors.ts';
import { openApi } from '../../src/openapi/document.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const MODELS = ['cohere-rerank-3-5', 'amazon-rerank-1-0', 'cohere-embed-multilingual'];

const DOCUMENT = openApi({
  version: '1.2.3',
  models: MODELS,
  limits: { maxBodyBytes: 16 * 1024 ** 2, maxWaitMs: 25_000 },
});

/** Rules of the linter that do not apply. */
const RULES = {
  // Health checks can't be asked wrongly.
  'operation-4xx-response': 'off',
  // What any route and method answers that is not here: there is no operation to name it.
  'no-unused-components': 'off',
  // An error is that of its schema, and of a status.
  'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: true },
} as const;

const problemsOf = async (document: unknown): Promise<string[]> => {
  const config = await createConfig({ extends: ['recommended-strict'], rules: RULES });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`);
};

type Operations = Record<string, Record<string, { responses: Record<string, unknown> }>>;

describe('the API description', () => {
  test('passes the linter', async () => {
    expect(await problemsOf(DOCUMENT)).toEqual([]);
  });

  test('would not, with an example that is none', async () => {
    const broken = JSON.parse(JSON.stringify(DOCUMENT));
    broken.paths['/healthz'].get.responses[200].content['application/json'].example = { status: 'no' };
    expect(await problemsOf(broken)).not.toEqual([]);
  });

  test('tells of every error that a caller can get', () => {
    const told = [...JSON.stringify(DOCUMENT).matchAll(/"summary":"([a-z ]+)","value":\{"id"/g)].map(
      ([, name]) => name,
    );
    const kinds = Object.keys(ERRORS).filter((kind) => kind !== 'client_gone');
    expect(kinds.filter((kind) => !told.includes(kind.replaceAll('_', ' ')))).toEqual([]);
  });
});

describe('a gateway', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({
      env: { MAX_BODY_MB: '3', MAX_WAIT_MS: '7000', MODEL_LIMITS: 'one=5,two=6' },
    });
  });
  afterAll(() => gateway.stop());

  const served = async (): Promise<{ paths: Operations; info: { description: string } }> =>
    (await fetch(`${gateway.url}/openapi.json`)).json() as never;

  test('describes itself as it is configured, and passes the linter', async () => {
    const document = await served();
    expect(await problemsOf(document)).toEqual([]);
    expect(document).toMatchObject({
      info: { version: 'test' },
      components: { schemas: { RerankRequest: { properties: { model: { enum: ['one', 'two', null] } } } } },
    });
    expect(document.info.description).toMatch(/at most 3 MB.*at most 7 seconds/s);
  });

  test('describes the routes that its 404 names, and no others', async () => {
    const { message } = (await (await fetch(`${gateway.url}/nothing`)).json()) as { message: string };
    const named = message
      .slice(message.indexOf('There are ') + 'There are '.length, -1)
      .replaceAll(/:(\w+)/g, '{$1}');
    const described = Object.entries((await served()).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(named.split(', ').sort());
  });
});
