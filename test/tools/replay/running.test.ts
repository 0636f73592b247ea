import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEYS, startTestGateway } from '../../support/gateway.ts';
import { HEADERS } from './answers.ts';
import { cells, replay } from './harness.ts';
import { type CorpusFolder, writeCorpus } from './mini-corpus.ts';

let corpus: CorpusFolder;
beforeAll(async () => {
  corpus = await writeCorpus();
});
afterAll(() => corpus[Symbol.asyncDispose]());

const keys = Object.entries(KEYS)
  .map(([name, key]) => `${name}:${key}`)
  .join(',');

interface Ranking {
  index: number;
  relevance_score: number;
}

/** A gateway that gives the right form to results of the test's choice, and has what metrics a test wants. */
const startFake = async (
  spoil: (ranking: Ranking[]) => unknown,
  metrics?: (scrapes: number) => string,
): Promise<{ url: string; authorizations: Set<string | undefined>; close: () => void }> => {
  const authorizations = new Set<string | undefined>();
  let scrapes = 0;
  const server = createServer(async (req: IncomingMessage, res: ServerResponse) => {
    if (req.url === '/metrics') {
      res.writeHead(metrics ? 200 : 401).end(metrics?.(scrapes++));
      return;
    }
    authorizations.add(req.headers.authorization);
    let text = '';
    for await (const chunk of req) text += chunk;
    const { documents, top_n = documents.length } = JSON.parse(text);
    const ranking = Array.from({ length: Math.min(top_n, documents.length) }, (_, index) => ({
      index,
      relevance_score: 1 / (index + 1),
    }));
    const meta = { api_version: { version: '2', is_experimental: false }, billed_units: { search_units: 1 } };
    res.writeHead(200, { ...HEADERS, 'x-request-id': String(req.headers['x-request-id']) });
    res.end(JSON.stringify({ id: 'x', results: spoil(ranking), meta }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorizations,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const replayAt = (url: string) => replay(corpus.path, '--speed', '50', '--url', url, '--keys', keys);

describe('a gateway that runs already', () => {
  test('is right when its answers are, and its metrics tell what it spent', async () => {
    const gateway = await startTestGateway({ env: { LOG_LEVEL: 'silent', VERIFY_RATE: '0' } });
    try {
      const { code, out } = await replayAt(gateway.url);
      expect(cells(out, 'wrong')).toEqual(['0', '0', '0', '0']);
      expect(code).toBe(0);
      const calls = gateway.simulator.calls.length;
      expect(cells(out, 'upstream calls')).toEqual(['–', '–', '–', String(calls)]);
      expect(cells(out, 'upstream 429s')[3]).toBe('0');
    } finally {
      await gateway.stop();
    }
  });

  test('is asked by every service with its own key', async () => {
    const fake = await startFake((ranking) => ranking);
    try {
      const { code, out } = await replayAt(fake.url);
      expect(code).toBe(0);
      expect(cells(out, 'miss')).toEqual(['24', '24', '12', '60']);
      expect(cells(out, 'upstream calls')).toEqual(['–', '–', '–', '–']);
      expect(fake.authorizations).toEqual(new Set(Object.values(KEYS).map((key) => `Bearer ${key}`)));
    } finally {
      fake.close();
    }
  });

  test.each<[string, (ranking: Ranking[]) => unknown, string]>([
    ['in the wrong order', (ranking) => ranking.reverse(), 'results[1] is out of order'],
    ['with one result missing', (ranking) => ranking.slice(1), 'results instead of'],
    ['without results', () => null, 'results is no list'],
  ])('is wrong when it answers %s', async (_, spoil, reason) => {
    const fake = await startFake(spoil);
    try {
      const { code, out } = await replayAt(fake.url);
      expect(cells(out, 'wrong')[3]).toBe('60');
      expect(out).toContain('wrong answer to request 1 (chatbot, query 1): ');
      expect(out).toContain(reason);
      expect(code).toBe(1);
    } finally {
      fake.close();
    }
  });

  test('is wrong when the upstream had to refuse it', async () => {
    const refused = (scrapes: number) =>
      `gateway_upstream_requests_total{upstream="RERANK",model="m",code="429"} ${5 + scrapes}\n`;
    const fake = await startFake((ranking) => ranking, refused);
    try {
      const { code, out } = await replayAt(fake.url);
      expect(out).toContain('wrong answers: 0, upstream 429s: 1');
      expect(code).toBe(1);
    } finally {
      fake.close();
    }
  });

  test('is told by what went wrong when nothing answers there', async () => {
    const fake = await startFake((ranking) => ranking);
    fake.close();
    const { code, out } = await replayAt(fake.url);
    expect(cells(out, '  ECONNREFUSED').at(-1)).toBe('60');
    expect(code).toBe(1);
  });
});
