import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, conformity } from '../support/conformity.ts';
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let judge: (answer: Answer) => string[];
beforeAll(async () => {
  gateway = await startTestGateway();
  judge = conformity((await (await fetch(`${gateway.url}/openapi.json`)).json()) as never);
});
afterAll(() => gateway.stop());

const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
  const answer = await fetch(gateway.url + path, {
    headers: { authorization: `Bearer ${KEYS.search}` },
    ...init,
  });
  return {
    method: init.method ?? 'GET',
    url: path,
    status: answer.status,
    headers: new Map(answer.headers),
    body: Buffer.from(await answer.arrayBuffer()),
  };
};

const BODY = JSON.stringify({ model: 'cohere-rerank-3-5', query: 'q', documents: ['a', 'b'] });
const post = (path: string, body = BODY): Promise<Answer> => ask(path, { method: 'POST', body });

describe('what a gateway answers is as it describes it:', () => {
  test.each([
    '/v1/models',
    '/v1/models/cohere-rerank-3-5',
    '/available-models',
    '/healthz',
    '/readyz',
    '/metrics',
  ])('200 of %s', async (path) => {
    const answer = await ask(path);
    expect([answer.status, judge(answer)]).toEqual([200, []]);
  });

  test.each([
    [200, () => post('/v2/rerank')],
    [400, () => post('/v1/rerank', '{}')],
    [401, () => ask('/v1/models', { headers: {} })],
    [403, () => ask('/v1/cache?model=cohere-rerank-3-5', { method: 'DELETE' })],
    [404, () => ask('/v1/models/none')],
    [404, () => ask('/none')],
    [405, () => post('/healthz')],
    [
      415,
      () =>
        ask('/v1/rerank', {
          method: 'POST',
          body: BODY,
          headers: { 'content-encoding': 'zip', authorization: `Bearer ${KEYS.search}` },
        }),
    ],
  ] as const)('%i, by %s', async (status, make) => {
    const answer = await make();
    expect([answer.status, judge(answer)]).toEqual([status, []]);
  });
});

describe('an answer is objected to', () => {
  const spoilt = async (
    change: (answer: Answer, body: Record<string, unknown>) => Partial<Answer>,
  ): Promise<string> => {
    const answer = await post('/v1/rerank');
    const body = JSON.parse(answer.body.toString());
    return judge({ ...answer, ...change(answer, body) }).join();
  };
  const withBody = (body: unknown): Partial<Answer> => ({ body: Buffer.from(JSON.stringify(body)) });
  const withHeader = ({ headers }: Answer, name: string, value: string): Partial<Answer> => ({
    headers: new Map([...headers, [name, value]]),
  });

  test.each<[string, Parameters<typeof spoilt>[0], RegExp]>([
    ['a field that is not described', (_, body) => withBody({ ...body, more: 1 }), /additional properties/],
    ['a field that is missing', (_, { meta: _meta, ...body }) => withBody(body), /required property 'meta'/],
    ['a value of another type', (_, body) => withBody({ ...body, id: 1 }), /id must be string/],
    ['a header that is not described', (answer) => withHeader(answer, 'x-more', '1'), /has x-more/],
    ['a header of another form', (answer) => withHeader(answer, 'cache-status', 'maybe'), /cache-status: /],
    [
      'a header that is missing',
      () => ({ headers: new Map([['content-type', 'application/json']]) }),
      /lacks cache-status/,
    ],
    ['another type', (answer) => withHeader(answer, 'content-type', 'text/html'), /of type text\/html/],
    ['a status that is not described', () => ({ status: 302 }), /302 of POST .*not described/],
    ['a route that is not described', () => ({ url: '/v1/more' }), /not described/],
    ['a method that is not described', () => ({ method: 'PUT' }), /not described/],
  ])('for %s', async (_, change, complaint) => {
    expect(await spoilt(change)).toMatch(complaint);
  });
});
