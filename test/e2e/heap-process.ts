/**
 * A gateway under a mixed load, in one process with its upstream and its callers so that its heap can be looked at: what it
 * keeps after some requests, and what after many times as many. Windows and lifetimes are so short that each stage sees
 * many of them. Prints the bytes as JSON. Run with --expose-gc and two numbers: few, and many more
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { parseConfig } from '../../src/config/config.ts';
import { createLog } from '../../src/log.ts';
import { startGateway } from '../../src/server.ts';
import { type Fault, startSimulator } from '../../src/simulator/server.ts';
import { usage } from '../bench/processes/usage.ts';

export interface HeapFigures {
  readonly afterFew: number;
  readonly afterMany: number;
  /** How many requests of the later stage ended in each status; 0: the caller left. */
  readonly statuses: Readonly<Record<string, number>>;
}

const [few = 0, many = 0] = process.argv.slice(2).map(Number);
const { REDIS_URL } = process.env;

const MODELS = ['cohere-rerank-3-5', 'amazon-rerank-1-0'];
const KEYS = ['steady-key-of-the-test', 'hasty-key-of-the-test-', 'poor-key-of-the-test--'];
const UPSTREAM_KEY = 'upstream-key-of-the-test';
const WINDOW_MS = 200;
const LIMIT = 60;

const simulator = await startSimulator({
  keys: { [UPSTREAM_KEY]: {} },
  limits: Object.fromEntries(MODELS.map((model) => [model, LIMIT])),
  windowMs: WINDOW_MS,
  latencyMs: [1, 10],
  remember: false,
});
const config = parseConfig({
  NODE_ENV: 'test',
  HOST: '127.0.0.1',
  PORT: '0',
  RERANK_URL: simulator.url,
  RERANK_KEY: UPSTREAM_KEY,
  GATEWAY_KEYS: `steady:${KEYS[0]};admin,hasty:${KEYS[1]};weight=3,poor:${KEYS[2]};rpm=5`,
  MODEL_LIMITS: MODELS.map((model) => `${model}=${LIMIT}`).join(','),
  RATE_WINDOW_MS: String(WINDOW_MS),
  CACHE_TTL_SECONDS: '1',
  CACHE_STALE_SECONDS: '1',
  CACHE_MEMORY_MB: '0.1',
  MAX_WAIT_MS: '1000',
  MAX_QUEUE: '50',
  MAX_BODY_MB: '0.5',
  MAX_BUFFER_MB: '1',
  VERIFY_RATE: '0.05',
  ...(REDIS_URL ? { REDIS_URL } : {}),
});
if (!config.ok) throw new Error(JSON.stringify(config.problems));
const gateway = await startGateway({
  config: config.config,
  log: createLog({ level: 'info', stamped: true, base: {} }, { write() {} }),
  version: 'test',
});
const agent = new Agent({ connections: 64 });

const among = <T>(...all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;
let serial = 0;

const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 429, retryAfter: '1' },
  { kind: 'status', status: 400, message: 'A document is wrong.' },
  { kind: 'reset' },
  { kind: 'garbage' },
  { kind: 'hang' },
];

/** Something of everything: what is known, what is shared, what is new, what is wrong, and who leaves. */
const once = async (): Promise<number> => {
  const documents = Array.from(
    { length: 1 + Math.floor(Math.random() * 8) },
    () => `document ${among(1, 2, 3, 4, 5, 6, 7, serial)}`,
  );
  const query = Math.random() < 0.6 ? `question ${among(1, 2, 3, 4, 5)}` : `question of its own ${serial++}`;
  const kind = Math.random();
  let body: string | Buffer = JSON.stringify({
    model: among(...MODELS),
    query,
    documents,
    return_documents: among(true, false),
  });
  if (kind < 0.05) body = body.slice(0, -1);
  else if (kind < 0.07)
    body = JSON.stringify({ query, documents: ['d'.repeat(100_000), 'é'.repeat(50_000)], model: MODELS[0] });
  else if (kind < 0.08) body = 'x'.repeat(600_000);
  else if (kind < 0.09) body = `[${'{},'.repeat(160_000)}`;
  else if (kind < 0.1) body = JSON.stringify({ query, documents, model: 'nobody-serves-this' });
  if (Math.random() < 0.01) simulator.fault(among(...FAULTS));
  const caller = new AbortController();
  const leaving = Math.random() < 0.05 ? setTimeout(() => caller.abort(), 20 * Math.random()) : undefined;
  try {
    const answer = await request(`${gateway.url}/v1/rerank`, {
      dispatcher: agent,
      method: 'POST',
      headers: {
        authorization: `Bearer ${Math.random() < 0.01 ? 'nobody-has-this-key' : among(...KEYS)}`,
        priority: `u=${among(0, 3, 7)}`,
        ...(Math.random() < 0.1
          ? { 'cache-control': among('no-store', 'no-cache', 'only-if-cached', 'max-age=0') }
          : {}),
        ...(Math.random() < 0.1 ? { prefer: 'wait=0' } : {}),
      },
      body,
      signal: caller.signal,
    });
    await answer.body.dump();
    return answer.statusCode;
  } catch {
    return 0;
  } finally {
    clearTimeout(leaving);
  }
};

const statuses: Record<string, number> = {};

const stage = async (requests: number): Promise<number> => {
  let left = requests;
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const status = await once();
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (left % 500 === 0) {
        await request(`${gateway.url}/metrics`, { dispatcher: agent }).then(({ body }) => body.dump());
        const model = MODELS[0];
        const headers = { authorization: `Bearer ${KEYS[0]}` };
        await request(`${gateway.url}/v1/cache`, {
          dispatcher: agent,
          method: 'DELETE',
          query: { model },
          headers,
        }).then(({ body }) => body.dump());
      }
    }
  };
  await Promise.all(Array.from({ length: 40 }, caller));
  simulator.clearFaults();
  // What was cut off runs out, and what is fresh goes stale and is forgotten.
  await sleep(2500);
  return (await usage()).heap;
};

const afterFew = await stage(few);
for (const status of Object.keys(statuses)) delete statuses[status];
const afterMany = await stage(many);
process.stdout.write(`${JSON.stringify({ afterFew, afterMany, statuses } satisfies HeapFigures)}\n`);
await agent.destroy();
await gateway.drain();
await simulator.close();
process.exit(0);
