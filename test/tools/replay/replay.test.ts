import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis } from '../../support/redis.ts';
import { cells, commandLine, type Outcome, replay } from './harness.ts';
import { type CorpusFolder, TRACE, writeCorpus } from './mini-corpus.ts';

let corpus: CorpusFolder;
beforeAll(async () => {
  corpus = await writeCorpus();
});
afterAll(() => corpus[Symbol.asyncDispose]());

const number = (text: string | undefined): number => Number(text?.replaceAll(',', ''));
const isReachable = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
const untilGone = async (urls: readonly string[]): Promise<void> => {
  for (const url of urls) while (await isReachable(url)) await sleep(20);
};
const of = (client: string): number => TRACE.filter((request) => request.client === client).length;

/** Distinct (query, set of documents) of a model. */
const distinct = (model: string): number =>
  new Set(
    TRACE.filter((request) => request.model === model).map(({ query, documents }) =>
      JSON.stringify([query, [...documents].sort()]),
    ),
  ).size;

describe('a replay of sixty requests at twenty times their speed', () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await commandLine(corpus.path, '--speed', '20').ended;
  });

  test('finds nothing wrong', () => {
    expect(outcome.out).toContain('wrong answers: 0, upstream 429s: 0');
    expect(outcome.code).toBe(0);
  });

  test('counts every request once, for its client', () => {
    const { out } = outcome;
    expect(cells(out, 'requests')).toEqual([of('chatbot'), of('search'), of('evaluation'), 60].map(String));
    const outcomes = ['hit', 'partial', 'miss', 'collapsed'].map((title) => number(cells(out, title)[3]));
    expect(outcomes.reduce((a, b) => a + b)).toBe(60);
    for (const title of ['stale', 'bypass', 'rejected', 'error', 'wrong', 'repeated attempts']) {
      expect(cells(out, title)).toEqual(['0', '0', '0', '0']);
    }
  });

  test('tells what was spent upstream, for whom, and what it was billed', () => {
    const { out } = outcome;
    const [chatbot, search, evaluation, total] = cells(out, 'upstream calls').map(number);
    expect(chatbot! + search! + evaluation!).toBe(total);
    expect(total).toBeGreaterThan(0);
    expect(cells(out, 'search units billed')).toEqual(cells(out, 'search units charged'));
    expect(number(cells(out, 'search units billed')[3])).toBe(total);
  });

  test('holds it against the ideals', () => {
    const { out } = outcome;
    const [granularity, actual, best, whole, pairs] = cells(out, 'amazon-rerank-1-0');
    // Its scores depend on the set of documents, so whole requests are the best there is.
    expect([granularity, best]).toEqual(['request', whole]);
    expect(actual).toBe(whole);
    expect(number(whole!.split(' / ')[0])).toBe(distinct('amazon-rerank-1-0'));
    expect(number(pairs!.split(' / ')[1])).toBeLessThan(number(whole!.split(' / ')[1]));
    const cohere = cells(out, 'cohere-rerank-3-5');
    expect([cohere[0], cohere[2]]).toEqual(['document', cohere[4]]);
    const calls = cohere.map((cell) => number(cell.split(' / ')[0]));
    expect(calls[3]).toBe(distinct('cohere-rerank-3-5'));
    expect(calls[1]).toBeLessThanOrEqual(calls[3]!);
  });

  test('says how each model did against its own ideal', () => {
    const { out } = outcome;
    expect(out).toMatch(/^amazon-rerank-1-0, request: \d+ calls, its ideal; \d+ documents, its ideal$/m);
    expect(out).toMatch(/^cohere-rerank-3-5, document: \d+ calls, /m);
  });

  test('writes one line about its start where there is no terminal, and no text, key or colour anywhere', () => {
    expect(outcome.notes).toMatch(/^replaying 60 requests at speed 20 through http:\S+\n$/);
    expect(outcome.out).not.toMatch(/of the|Bearer/);
    expect(stripVTControlCharacters(outcome.out)).toBe(outcome.out);
  });
});

test('a pointwise simulator scores every model’s pairs alone, and its gateways may reuse them so', async () => {
  const { code, out } = await replay(corpus.path, '--speed', '20', '--pointwise');
  expect(out).toContain('wrong answers: 0');
  expect(code).toBe(0);
  for (const model of ['amazon-rerank-1-0', 'cohere-rerank-3-5']) {
    const [granularity, , best, , pairs] = cells(out, model);
    expect([granularity, best]).toEqual(['document', pairs]);
  }
});

test('several gateways share a Redis, in which nothing is left behind', async () => {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  try {
    const { code, out, notes } = await replay(
      ...[corpus.path, '--speed', '20', '--limit', '30', '--processes', '2', '--redis', redis.url],
    );
    expect(out).toContain('wrong answers: 0');
    expect(code).toBe(0);
    expect(cells(out, 'requests')[3]).toBe('30');
    expect(new Set(/through (.*)/.exec(notes)![1]!.split(', ')).size).toBe(2);
    expect(await redis.commandCount('set')).toBeGreaterThan(0);
    expect(await client.dbsize()).toBe(0);
  } finally {
    client.disconnect();
    await redis.kill();
  }
});

test('a gateway that can’t start is told with its reason', async () => {
  const started = replay(corpus.path, '--speed', '20', '--redis', 'redis://');
  await expect(started).rejects.toThrow(/a gateway ended with 2\n(.*\n)*.*REDIS_URL/);
});

describe('a replay that takes its time', () => {
  let slow: CorpusFolder;
  beforeAll(async () => {
    const later = TRACE.map((request, i) =>
      JSON.stringify(i < 5 ? { ...request, at: 0 } : { ...request, at: 9e5 }),
    );
    slow = await writeCorpus({ 'trace.jsonl': later.join('\n') });
  });
  afterAll(() => slow[Symbol.asyncDispose]());

  test('shows its figures on Ctrl-C, and ends what it started', async () => {
    const { process: child, started, ended } = commandLine(slow.path);
    const urls = await started;
    expect(await isReachable(urls[0]!)).toBe(true);
    await sleep(200);
    child.kill('SIGINT');
    const { code, out } = await ended;
    expect(out).toMatch(/stopped after \d of 60 requests \([1-5] sent\)/);
    expect(cells(out, 'wrong')).toContain('0');
    expect(code).toBe(1);
    await untilGone(urls);
  });

  test('leaves nothing behind when it is killed', async () => {
    const { process: child, started, ended } = commandLine(slow.path);
    const urls = await started;
    child.kill('SIGKILL');
    expect((await ended).code).toBeNull();
    await untilGone(urls);
  });
});
