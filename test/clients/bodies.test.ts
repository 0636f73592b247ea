/** Programs in other languages, by what they send: written as their HTTP libraries write it. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodyOf } from '../e2e/requests.ts';
import { COHERE, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { ask, best } from './bed.ts';
import { type Question, ranked } from './client.ts';

/** As `json.dumps` writes it: a blank behind each separator, and nothing but ASCII. */
const dumps = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(dumps).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([name, each]) => `${dumps(name)}: ${dumps(each)}`)
      .join(', ')}}`;
  }
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replaceAll(/[^\0-\x7f]/g, escaped);
};

interface Recorded {
  readonly program: string;
  /** What becomes of the base URL that the README tells to set. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of what is the same for all, in its own words. */
  readonly body: (asked: { model: string; query: string; documents: readonly string[] }) => object;
  readonly write?: (body: object) => string;
  /** How many documents it gets back; all, if it does not say. */
  readonly topN?: number;
  readonly returnsDocuments?: boolean;
  readonly warnings?: readonly string[];
}

const RECORDED: readonly Recorded[] = [
  {
    program: 'LiteLLM, Cohere’s first version',
    path: '/v1/v1/rerank',
    headers: { accept: 'application/json' },
    body: (asked) => ({ ...asked, top_n: 2, return_documents: true }),
    write: dumps,
    topN: 2,
    returnsDocuments: true,
  },
  {
    program: 'LiteLLM, Cohere’s second version',
    path: '/v1/v2/rerank',
    body: (asked) => ({ ...asked, return_documents: true, max_tokens_per_doc: 512 }),
    write: dumps,
    returnsDocuments: true,
    warnings: ['max_tokens_per_doc'],
  },
  {
    program: 'LiteLLM, vLLM',
    path: '/v1/rerank',
    body: (asked) => ({
      ...asked,
      return_documents: true,
      truncate_prompt_tokens: 512,
      truncation_side: 'left',
    }),
    write: dumps,
    returnsDocuments: true,
    warnings: ['truncate_prompt_tokens', 'truncation_side'],
  },
  {
    program: 'Dify, that wants all',
    path: '/v1/rerank',
    body: (asked) => ({ ...asked, top_n: null, return_documents: true }),
    write: dumps,
    returnsDocuments: true,
  },
  {
    program: 'RAGFlow, Xinference',
    path: '/v1/rerank',
    body: (asked) => ({ ...asked, return_documents: 'true', return_len: 'true' }),
    write: dumps,
    returnsDocuments: true,
  },
  {
    program: 'RAGFlow, OpenAI-API-Compatible',
    path: '/rerank',
    body: (asked) => ({ ...asked, top_n: asked.documents.length }),
    write: dumps,
  },
  {
    program: 'RAGFlow, SiliconFlow',
    path: '/v1/rerank',
    body: (asked) => ({
      ...asked,
      top_n: asked.documents.length,
      return_documents: false,
      max_chunks_per_doc: 1024,
      overlap_tokens: 80,
    }),
    write: dumps,
    warnings: ['max_chunks_per_doc', 'overlap_tokens'],
  },
  {
    program: 'Open WebUI, that tells who asks',
    path: '/v1/rerank',
    headers: {
      'X-OpenWebUI-User-Name': 'Ada%20SECRETSON',
      'X-OpenWebUI-User-Email': 'ada@SECRET.example',
      'X-OpenWebUI-User-Role': 'user',
    },
    body: (asked) => ({ ...asked, top_n: asked.documents.length }),
    write: dumps,
  },
  {
    program: 'Haystack, by Cohere’s package for Python',
    path: '/v1/v2/rerank',
    headers: { 'x-client-name': 'haystack', 'x-fern-language': 'Python' },
    body: (asked) => ({ ...asked, top_n: 10, max_tokens_per_doc: 4096 }),
    warnings: ['max_tokens_per_doc'],
  },
  {
    program: 'somebody with the words of Infinity',
    path: '/rerank',
    body: (asked) => ({ ...asked, return_documents: true, raw_scores: false, top_n: 1 }),
    topN: 1,
    returnsDocuments: true,
    warnings: ['raw_scores'],
  },
  {
    program: 'somebody with the words of Voyage',
    path: '/v1/rerank',
    body: (asked) => ({ ...asked, top_k: 2, return_documents: false, truncation: true }),
    write: dumps,
    topN: 2,
    warnings: ['truncation'],
  },
  {
    program: 'somebody with the words of Text Embeddings Inference',
    path: '/rerank',
    body: ({ documents: texts, ...asked }) => ({ ...asked, texts, truncate: true, return_text: true }),
    write: dumps,
    warnings: ['truncate'],
  },
];

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());

const question = (topN = 3): Question => {
  const { query, documents } = ask();
  return { model: COHERE, query: `${query}: Österreich? 中国?`, documents, topN };
};

const plain = ({ model, query, documents }: Question) => ({ model, query, documents });

describe.each(RECORDED)('a request of $program', (recorded) => {
  const { path, headers, body, write = JSON.stringify, topN, returnsDocuments, warnings } = recorded;

  test('is answered with what it reads, says what is ignored, and costs no more than anybody’s', async () => {
    const asked = question(topN);
    const answer = await bodyOf(
      await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEYS.search}`, 'content-type': 'application/json', ...headers },
        body: write(body(plain(asked))),
      }),
    );
    expect(ranked(answer)).toEqual(best(asked));
    // Never null, which some cannot read.
    for (const { index, document, ...rest } of answer.results) {
      expect(Object.keys(rest)).toEqual(['relevance_score']);
      expect(document).toEqual(returnsDocuments ? { text: asked.documents[index] } : undefined);
    }
    expect(answer.meta.warnings).toEqual(warnings?.map((name) => `${name} is ignored`));

    // The same pairs as everybody's.
    const { meta } = await bodyOf(await gateway.rerank(plain(asked)));
    expect(meta.billed_units.search_units).toBe(0);
  });
});

test('no log line says who has asked', () => {
  expect(gateway.log.findIndex((line) => line.includes('SECRET'))).toBe(-1);
});
