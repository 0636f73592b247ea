import * as v8 from 'cohere-ai';
import * as v7 from 'cohere-v7';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COHERE, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { ask, best } from './bed.ts';
import { behaviours } from './behaviours.ts';
import { ABORTED, type Answer, KINDS, ranked, shown } from './cohere.ts';

interface Whole extends Answer {
  readonly meta?: { readonly billedUnits?: { readonly searchUnits?: number | undefined } | undefined };
}

/** What both generations of both clients have in common. */
interface Sdk {
  rerank(request: object, options?: { abortSignal?: AbortSignal | undefined }): Promise<Whole>;
}

const generations = [
  { name: 'cohere-ai 8, v1', sdk: v8, Client: v8.CohereClient },
  { name: 'cohere-ai 8, v2', sdk: v8, Client: v8.CohereClientV2 },
  { name: 'cohere-ai 7, v1', sdk: v7, Client: v7.CohereClient },
  { name: 'cohere-ai 7, v2', sdk: v7, Client: v7.CohereClientV2 },
] as const;

for (const { name, Client } of generations) {
  behaviours({
    name,
    rank: async ({ url, key, retries, signal }, question) => {
      const options = { token: key, environment: url, ...(retries ? {} : { maxRetries: 0 }) };
      const client = new Client(options) as unknown as Sdk;
      return ranked(await client.rerank(question, { abortSignal: signal }));
    },
    shown,
    kinds: KINDS,
    again: { 429: 'as told', 503: 'as told' },
    ownPause: 1,
    leaves: 'by a signal',
    left: ABORTED,
  });
}

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());

interface Where {
  /** Behind the gateway's base URL. */
  readonly path: string;
  readonly option: 'environment' | 'baseUrl';
}

describe.each(generations)('$name', ({ name, sdk, Client }) => {
  const client = ({ path, option }: Where = { path: '', option: 'environment' }): Sdk =>
    new Client({ token: KEYS.search, [option]: `${gateway.url}${path}` }) as unknown as Sdk;

  const places: Where[] = [
    { option: 'environment', path: '' },
    { option: 'environment', path: '/' },
    { option: 'environment', path: '/v1' },
    { option: 'baseUrl', path: '' },
    // Only the second generation of the API has anybody set this.
    ...(name.endsWith('v2') ? [{ option: 'environment', path: '/v2' } as const] : []),
  ];

  test.each(places)('reranks with $option = the gateway’s URL + "$path"', async (where) => {
    const question = ask();
    const answer = await client(where).rerank(question);
    expect(ranked(answer)).toEqual(best(question));
    expect(answer.meta?.billedUnits?.searchUnits).toBe(1);
    const again = await client(where).rerank({ ...question, topN: undefined });
    expect(ranked(again)).toEqual(best({ ...question, topN: 3 }));
    expect(again.meta?.billedUnits?.searchUnits).toBe(0);
  });

  const errorOf = (over: object): Promise<unknown> =>
    client()
      .rerank({ ...ask(), ...over })
      .then(
        () => 'no error',
        (error: unknown) => error,
      );

  test.each([{ documents: [] }, { topN: 0 }])(
    'has a class of its own for what is out of its rule: %o',
    async (over) => {
      expect(await errorOf(over)).toBeInstanceOf(sdk.Cohere.BadRequestError);
    },
  );

  test('shows the gateway’s message and the id of the request', async () => {
    const error = (await errorOf({ documents: [] })) as InstanceType<typeof sdk.CohereError>;
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
      query: ask().query,
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
});
