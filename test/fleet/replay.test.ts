import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/simulator/random.ts';
import { startRedis } from '../support/redis.ts';
import { cells, replay } from '../tools/replay/harness.ts';
import { corpusOf, type TraceLine, writeCorpus } from '../tools/replay/mini-corpus.ts';

/** Documents, and queries. */
const SIZE = 120;
const DOCUMENTS = 15;
/** Time that the trace covers, milliseconds. */
const RECORDED_MS = 120_000;

const COHERE = 'cohere-rerank-3-5';
const AMAZON = 'amazon-rerank-1-0';

/**
 * Two minutes of three services: searches that come all the time, many of them more than once; chats with another model;
 * and after half a minute an evaluation that asks for twice what Cohere's model may be asked in a minute, all at once.
 */
const trace = (): TraceLine[] => {
  const random = seededRandom(1);
  const below = (n: number): number => Math.floor(random() * n);
  const documents = (from: number): string[] =>
    Array.from({ length: DOCUMENTS }, (_, i) => String(1 + ((from + i) % SIZE)));
  const query = (popular: number): string => String(1 + Math.floor(SIZE * random() ** popular));
  const anyTime = (): number => below(RECORDED_MS);
  const lines: TraceLine[] = [];
  for (let i = 0; i < 400; i++) {
    lines.push({
      at: anyTime(),
      client: 'search',
      model: COHERE,
      query: query(3),
      documents: documents(below(SIZE)),
    });
  }
  for (let i = 0; i < 300; i++) {
    const asked = { client: 'chatbot', model: AMAZON, query: query(2), top_n: 3 };
    lines.push({ at: anyTime(), ...asked, documents: documents(10 * below(6)) });
  }
  for (let i = 0; i < 500; i++) {
    const at = RECORDED_MS / 4 + below(1000);
    lines.push({
      at,
      client: 'evaluation',
      model: COHERE,
      query: query(1),
      documents: documents(below(SIZE)),
    });
  }
  return lines.sort((a, b) => a.at - b.at);
};

describe('a recorded load, twenty times as fast, through four gateways that share a Redis', () => {
  it('is answered rightly and without one refusal, and the upstream never has to refuse', async () => {
    const redis = await startRedis();
    const lines = trace();
    await using corpus = await writeCorpus(corpusOf(SIZE, lines));
    try {
      const options = ['--speed', '20', '--processes', '4', '--redis', redis.url];
      const { code, out } = await replay(corpus.path, ...options);
      const total = (row: string): number => Number(cells(out, row)[3]!.replaceAll(',', ''));
      expect(code).toBe(0);
      expect(total('requests')).toBe(lines.length);
      for (const row of ['rejected', 'error', 'wrong', 'upstream 429s']) expect(total(row), row).toBe(0);
      // It had to wait: more than what both models take at once.
      expect(total('upstream calls')).toBeGreaterThan(450);
    } finally {
      await redis.kill();
    }
  });
});
