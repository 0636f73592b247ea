import * as v8 from 'cohere-ai';
import * as v7 from 'cohere-v7';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AMAZON, COHERE, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { fresh } from './requests.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({
    env: { GATEWAY_KEYS: `search:${KEYS.search},chatbot:${KEYS.chatbot};models=${AMAZON}` },
  });
});
afterEach(() => gateway.simulator.clearFaults());
afterAll(() => gateway.stop());

interface Answer {
  readonly results: readonly {
    readonly index: number;
    readonly relevanceScore: number;
    readonly document?: unknown;
  }[];
  readonly meta?: { readonly billedUnits?: { readonly searchUnits?: number | undefined } | undefined };
}

/** What both generations of both clients have in common. */
interface Sdk {
  rerank(request: object, options?: { maxRetries?: number }): Promise<Answer>;
}

interface Where {
  readonly token?: string;
  /** Behind the gateway's base URL. */
  readonly path?: string;
  readonly option?: 'environment' | 'baseUrl';
  /** Of another gateway than the one that all tests share. */
  readonly url?: string;
}

const generations = [
  { name: 'cohere-ai 8, v1', sdk: v8, Client: v8.CohereClient },
  { name: 'cohere-ai 8, v2', sdk: v8, Client: v8.CohereClientV2 },
  { name: 'cohere-ai 7, v1', sdk: v7, Client: v7.CohereClient },
  { name: 'cohere-ai 7, v2', sdk: v7, Client: v7.CohereClientV2 },
] as const;

describe.each(generations)('$name', ({ name, sdk, Client }) => {
  const client = ({
    token = KEYS.search,
    path = '',
    option = 'environment',
    url = gateway.url,
  }: Where = {}): Sdk => new Client({ token, maxRetries: 0, [option]: `${url}${path}` }) as unknown as Sdk;

  const request = () => {
    const { model, query, documents } = fresh() as { model: string; query: string; documents: string[] };
    return { model, query, documents };
  };

  const failure = (over: object, where?: Where): Promise<unknown> =>
    client(where)
      .rerank({ ...request(), ...over })
      .then(
        () => 'no error',
        (error: unknown) => error,
      );

  const places: Where[] = [
    { option: 'environment', path: '' },
    { option: 'environment', path: '/' },
    { option: 'environment', path: '/v1' },
    { option: 'baseUrl', path: '' },
    // Only the second generation of the API has anybody set this.
    ...(name.endsWith('v2') ? [{ option: 'environment', path: '/v2' } as const] : []),
  ];

  test.each(places)('reranks with $option = the gateway’s URL + "$path"', async (where) => {
    const asked = request();
    const answer = await client(where).rerank({ ...asked, topN: 2 });
    expect(answer.results).toHaveLength(2);
    expect(answer.meta?.billedUnits?.searchUnits).toBe(1);
    const again = await client(where).rerank(asked);
    expect(again.results).toHaveLength(3);
    expect(again.results.slice(0, 2)).toEqual(answer.results);
    expect(again.meta?.billedUnits?.searchUnits).toBe(0);
  });

  test('reads the errors as its own kinds', async () => {
    expect(await failure({}, { token: 'wrong-key-SECRET-9999' })).toBeInstanceOf(
      sdk.Cohere.UnauthorizedError,
    );
    expect(await failure({ model: 'rerank-v9' })).toBeInstanceOf(sdk.Cohere.NotFoundError);
    expect(await failure({ documents: [] })).toBeInstanceOf(sdk.Cohere.BadRequestError);
    expect(await failure({ query: ' ' })).toBeInstanceOf(sdk.Cohere.BadRequestError);
    expect(await failure({ topN: 0 })).toBeInstanceOf(sdk.Cohere.BadRequestError);
    const foreign = await failure({ model: COHERE }, { token: KEYS.chatbot });
    expect(foreign).toBeInstanceOf(sdk.Cohere.ForbiddenError);
  });

  test('reads a refusal for the rate, a failing and a silent upstream', async () => {
    // What an upstream did wrong is remembered against it for a while.
    for (const [status, expected] of [
      [429, { statusCode: 429 }],
      [500, { statusCode: 502 }],
    ] as const) {
      const own = await startTestGateway();
      own.simulator.fault({ kind: 'status', status, retryAfter: '40' }, 100);
      const error = await failure({}, { url: own.url });
      expect(error).toMatchObject(expected);
      if (status === 429) expect(error).toBeInstanceOf(sdk.Cohere.TooManyRequestsError);
      await own.stop();
    }
  });

  test('shows the gateway’s message and the id of the request', async () => {
    const error = (await failure({ documents: [] })) as InstanceType<typeof sdk.CohereError>;
    const { message, id } = error.body as { message: string; id: string };
    expect(message).toContain('`documents`');
    expect(error.rawResponse?.headers.get('x-request-id')).toBe(id);
  });
});

describe.each([
  { name: 'cohere-ai 8', Client: v8.CohereClient },
  { name: 'cohere-ai 7', Client: v7.CohereClient },
])('$name, v1', ({ Client }) => {
  test('sends documents as objects, names fields, and gets them back', async () => {
    const client = new Client({ token: KEYS.search, environment: gateway.url });
    const documents = [{ text: 'about boats' }, { text: 'DOCTEXT the capital' }];
    const answer = await client.rerank({
      model: COHERE,
      query: String(fresh().query),
      documents,
      rankFields: ['text'],
      returnDocuments: true,
      maxChunksPerDoc: 3,
    });
    expect(answer.results.map(({ document }) => document?.text).sort()).toEqual(
      documents.map(({ text }) => text).sort(),
    );
    expect(answer.meta?.warnings).toEqual(['max_chunks_per_doc is ignored']);
  });

  test('tries again by itself after a 503 or 429, as the Retry-After says', async () => {
    const client = new Client({ token: KEYS.search, environment: gateway.url, maxRetries: 1 });
    gateway.simulator.fault({ kind: 'status', status: 429, retryAfter: '0' });
    const answer = await client.rerank({
      model: COHERE,
      query: String(fresh().query),
      documents: ['a', 'b'],
    });
    expect(answer.results).toHaveLength(2);
  });
});
