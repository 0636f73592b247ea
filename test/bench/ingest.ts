/** An ingest: two services that have the same documents embedded, and again with a twentieth of them changed. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tokensOf } from '../../src/simulator/embeddings/answer.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { buildGateway, PRODUCTION_FLAGS } from '../support/build.ts';
import { EMBED, metric, UPSTREAM_KEY } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { quantile } from '../support/statistics.ts';
import { type Server, startServer } from './child.ts';
import type { BenchOptions } from './options.ts';
import { gatewayEnvironment } from './stage.ts';
import { tabulate } from './table.ts';

const SERVICES = ['search', 'chatbot'];
const LIMIT = 500;
const TOKEN_LIMIT = 800_000;
const WINDOW_MS = 60_000;
const PER_CALL = 96;
const CHUNK_BYTES = 800;
/** About what a call for embeddings takes, milliseconds. */
const LATENCY_MS = [80, 200] as const;
const METRICS_TOKEN = 'bench-metrics-token-001';

/** Texts in a request, and requests that a service has under way. */
const WAYS = [
  { portion: 1, atOnce: 16 },
  { portion: 100, atOnce: 4 },
];

export const INGEST_NOTE =
  `ingest: two services, each on a process of its own, have the same chunks of documents embedded at the same time, and again with ` +
  `a twentieth of them changed; ${LIMIT} calls and ${TOKEN_LIMIT} tokens a minute, ${LATENCY_MS.join(' to ')} ms each. Ideal: each new text once, ${PER_CALL} to a call.`;

const keyOf = (service: string): string => `bench-${service}-key-000001`;

export const ingest = async ({ effort, corpus }: BenchOptions): Promise<string> => {
  const chunks = chunked(corpus === undefined ? madeUp(effort.ingestDocuments) : documentsIn(corpus));
  const changed = chunks.map((text, i) => (i % 20 === 7 ? `${text} (changed)` : text));
  const main = buildGateway();
  const rows: string[][] = [];
  const bytes: string[][] = [];
  for (const { portion, atOnce } of WAYS) {
    await using bed = await startBed(main);
    const before = await usedMemory(bed.redis);
    for (const [pass, texts] of [
      ['first', chunks],
      ['again', changed],
    ] as const) {
      const known = new Set(pass === 'first' ? [] : chunks);
      const ideal = [...new Set(texts.filter((text) => !known.has(text)))];
      bed.simulator.reset();
      const began = performance.now();
      const latencies = await Promise.all(
        bed.gateways.map(({ url }, i) => post(url, keyOf(SERVICES[i]!), texts, portion, atOnce)),
      );
      const sent = bed.simulator.calls.map(({ body }) => (body as { input: string[] }).input);
      rows.push([
        `${portion} a request, ${pass}`,
        String(latencies.flat().length),
        `${sent.length} (${Math.ceil(ideal.length / PER_CALL)})`,
        `${sent.flat().length} (${ideal.length})`,
        `${sent.reduce((sum, input) => sum + tokensOf({ input }), 0)} (${tokensOf({ input: ideal })})`,
        ((performance.now() - began) / 1000).toFixed(1),
        [0.5, 0.99].map((share) => quantile(latencies.flat(), share).toFixed(0)).join(', '),
      ]);
    }
    bytes.push(await bytesEach(bed, before, new Set([...chunks, ...changed]).size));
  }
  return [
    tabulate(
      ['ingest', 'requests', 'calls (ideal)', 'texts sent (ideal)', 'tokens (ideal)', 's', 'p50, p99 ms'],
      rows,
    ),
    tabulate(['a cached vector of 4,096 bytes takes', 'in Redis', 'in memory, counted'], [bytes[0]!]),
  ].join('\n');
};

/** Embeds texts, and comes back when told to, as clients do. */
const embed = async (url: string, key: string, input: readonly string[]): Promise<void> => {
  for (;;) {
    const response = await fetch(`${url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: EMBED, input, encoding_format: 'base64' }),
    });
    const { data } = (await response.json()) as { data?: unknown[] };
    if (data?.length === input.length) return;
    const seconds = response.headers.get('retry-after');
    if (response.status !== 429 || seconds === null) throw new Error(`ingest: ${response.status}`);
    await sleep(Number(seconds) * 1000);
  }
};

/** @returns milliseconds of each request */
const post = async (
  url: string,
  key: string,
  texts: readonly string[],
  portion: number,
  atOnce: number,
): Promise<number[]> => {
  const latencies: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < texts.length) {
      const input = texts.slice(next, next + portion);
      next += portion;
      const began = performance.now();
      await embed(url, key, input);
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return latencies;
};

interface Bed extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly redis: TestRedis;
  readonly gateways: readonly Server[];
}

const startBed = async (main: string): Promise<Bed> => {
  const redis = await startRedis();
  const simulator = await startSimulator({
    keys: { [UPSTREAM_KEY]: {} },
    limits: { [EMBED]: LIMIT },
    tokenLimits: { [EMBED]: TOKEN_LIMIT },
    windowMs: WINDOW_MS,
    latencyMs: LATENCY_MS,
  });
  const environment = {
    ...gatewayEnvironment(simulator.url, redis.url),
    RERANK_KEY: UPSTREAM_KEY,
    GATEWAY_KEYS: SERVICES.map((service) => `${service}:${keyOf(service)}`).join(','),
    MODEL_LIMITS: `${EMBED}=${LIMIT}/${TOKEN_LIMIT}`,
    RATE_WINDOW_MS: String(WINDOW_MS),
    METRICS_TOKEN,
  };
  const gateways = await Promise.all(
    SERVICES.map((_, i) =>
      startServer([...PRODUCTION_FLAGS, main], { ...environment, DYNO: `web.${i + 1}` }),
    ),
  );
  return {
    simulator,
    redis,
    gateways,
    async [Symbol.asyncDispose]() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await simulator.close();
      await redis.stop();
    },
  };
};

const usedMemory = async (redis: TestRedis): Promise<number> =>
  Number(/used_memory:(\d+)/.exec(await redis.tell('INFO memory'))?.[1]);

const bytesEach = async ({ redis, gateways }: Bed, before: number, vectors: number): Promise<string[]> => {
  const { url } = gateways[0]!;
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const text = await (await fetch(`${url}/metrics`, { headers })).text();
  const own = { dyno: 'web.1' };
  const counted = metric(text, 'gateway_cache_bytes', own) / metric(text, 'gateway_cache_entries', own);
  return ['', `${(((await usedMemory(redis)) - before) / vectors).toFixed(0)} B`, `${counted.toFixed(0)} B`];
};

/** @param folder of a corpus, as the replay reads it */
const documentsIn = (folder: string): string[] =>
  readFileSync(join(folder, 'documents.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { text: string }).text);

const WORDS =
  'boundary layer heat wing lift slipstream flow plate shock wave supersonic pressure body cone'.split(' ');

/** Documents of about a thousand bytes, each like no other. */
const madeUp = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, i) =>
      Array.from({ length: 160 }, (_, k) => WORDS[(i * 7 + k * k + (k % 5) * i) % WORDS.length]).join(' ') +
      ` ${i}`,
  );

/** Documents cut at blanks. */
const chunked = (documents: readonly string[]): string[] =>
  documents.flatMap((text) => {
    const chunks: string[] = [];
    let chunk = '';
    for (const word of text.split(/\s+/)) {
      if (chunk !== '' && Buffer.byteLength(`${chunk} ${word}`) > CHUNK_BYTES) {
        chunks.push(chunk);
        chunk = word;
      } else chunk = chunk === '' ? word : `${chunk} ${word}`;
    }
    return chunk === '' ? chunks : [...chunks, chunk];
  });
