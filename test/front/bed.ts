/** A whole gateway but for its configuration, its log and its pacing, in front of an upstream in a test's hands. */

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createApp } from '../../src/app.ts';
import { createCaches } from '../../src/cache/caches.ts';
import { ByteBudget } from '../../src/calls/byte-budget.ts';
import type { Granularity } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { createColumn } from '../../src/column/column.ts';
import { RERANK_API } from '../../src/endpoints/rerank/api.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { Front } from '../../src/front/front.ts';
import { identifier } from '../../src/http/auth.ts';
import { Callers } from '../../src/http/callers.ts';
import type { RequestRecord } from '../../src/http/context.ts';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import { inTurn } from '../../src/http/in-turn.ts';
import { Sockets } from '../../src/http/sockets.ts';
import { readAnyTarget } from '../../src/http/target.ts';
import { observerOf } from '../../src/metrics/observer.ts';
import { Recorder } from '../../src/metrics/recorder.ts';
import { createMetrics } from '../../src/metrics/registry.ts';
import { scoreOf, scoresOf } from '../support/fakes.ts';

export const COHERE = 'cohere-rerank-3-5';
export const AMAZON = 'amazon-rerank-1-0';
export const SEARCH = 'search-key-SECRET-0001';
export const CHATBOT = 'chatbot-key-SECRET-002';
export const TTL_MS = 10_000;

const CLIENTS = [
  { name: 'search', models: undefined, admin: true, keys: [SEARCH] },
  { name: 'chatbot', models: [COHERE], admin: false, keys: [CHATBOT] },
];

export interface BedOptions {
  /** Bytes of answers that the front keeps; undefined: there is no front. */
  readonly frontBytes: number | undefined;
  readonly granularity?: Granularity;
  readonly maxBodyBytes?: number;
  /** Whether an answer from so many values is to take the long way. */
  readonly isSample?: (values: number) => boolean;
}

export class Bed {
  /** What the upstream is: another one gives other scores, and 0 none. */
  version = 1;
  /** Requests that came to the app. */
  throughApp = 0;
  /** Requests that an endpoint took, from the app or from the front. */
  taken = 0;
  /** Where a mistake of ours is made. */
  broken: 'hit' | 'quota' | 'record' | undefined;
  readonly records: RequestRecord[] = [];
  readonly budget = new ByteBudget({ maxBytes: 10_000_000 });
  readonly metrics = createMetrics({ dyno: 'web.1', version: 'test' });
  readonly caches: ReturnType<typeof createCaches>;
  readonly front: Front;
  readonly #server: ReturnType<typeof createServer>;

  constructor({
    frontBytes,
    granularity = 'document',
    maxBodyBytes = 1_000_000,
    isSample = () => false,
  }: BedOptions) {
    const models = [COHERE, AMAZON];
    const { budget, metrics } = this;
    const recorder = new Recorder({
      metrics,
      clients: CLIENTS.map(({ name }) => name),
      models,
      attachments: [],
    });
    const lifetime = { ttlMs: TTL_MS, staleMs: TTL_MS };
    const caches = createCaches({
      models,
      settings: {
        ...lifetime,
        memoryBytes: 1e7,
        granularity: { [COHERE]: granularity, [AMAZON]: 'request' },
        scope: 'shared',
      },
      maxWaitMs: 5000,
      redis: undefined,
      simulated: false,
      onDependent() {},
      onChange() {},
      onListening() {},
    });
    this.caches = caches;
    const observer = observerOf(recorder, caches.granularities);
    const permit = {
      attachment: '',
      replaceable: false,
      wait: { predictedMs: 0, reason: 'none' },
      release() {},
      giveBack() {},
    };
    const service = createColumn({
      endpoint: RERANK,
      memory: caches.memory,
      redis: undefined,
      lifetime,
      verifyRate: 0,
      // What is done in the background comes at moments of its own.
      spare: () => false,
      refused: caches.refused,
      defang: false,
      maxWaitMs: 5000,
      permits: () => ({
        acquire: async (_, asked) => {
          asked?.onGrant?.();
          return permit;
        },
      }),
      attempts: 1,
      attemptMs: 5000,
      observer,
      upstream: {
        answer: async (call) => {
          if (this.version === 0)
            throw new RerankError('upstream_failed', undefined, { upstreamStatus: 500 });
          const values = Float64Array.from(call.items, (item) =>
            scoreOf(`${this.version} ${call.query}`, item),
          );
          return scoresOf(call, { values, takenAt: Date.now() });
        },
      },
    });
    const identify = identifier({ clients: CLIENTS });
    const onRequest = (record: RequestRecord): void => {
      if (this.broken === 'record') throw new TypeError('a bug');
      recorder.request(record);
      this.records.push(record);
    };
    const quotaOf = (client: string) => {
      if (this.broken === 'quota') throw new TypeError('a bug');
      return client === 'chatbot'
        ? { limit: 5, windowMs: 60_000, remaining: 3, nextFreeMs: 1500 }
        : undefined;
    };
    const rerank = endpoint(RERANK_API, {
      service,
      // Without a front, everything takes the long way.
      memoryHit: frontBytes === undefined ? undefined : (call) => service.memoryHit(call),
      callers: new Callers(),
      models,
      granularityOf: caches.granularities.of,
      scopeOf: caches.scopeOf,
      maxWaitMs: 5000,
      maxBodyBytes,
      budget,
    });
    const endpoints: Record<string, Endpoint> = {
      '/v1/rerank': {
        limits: rerank.limits,
        take: (...asked) => {
          this.taken++;
          return rerank.take(...asked);
        },
      },
    };
    const app = createApp({
      console: {
        live: { watch: () => new ReadableStream() },
        recent: { find: () => undefined },
        open: false,
      },
      description: { version: 'test', models: [], limits: { maxBodyBytes, maxWaitMs: 5000 } },
      regions: [],
      corsOrigins: ['https://page.example'],
      identify,
      models,
      endpoints,
      stateOf: () => ({ limit: 1, remaining: 1, waiting: 0 }),
      purge: caches.purge,
      quotaOf,
      metrics: { render: async () => '', contentType: '', token: undefined, open: true },
      readiness: () => ({ draining: false, redis: undefined, alone: false, reason: undefined }),
      onRequest,
    });
    const listener = getRequestListener(app.fetch);
    this.front = new Front({
      identify,
      endpoints,
      fields: ['Vary', 'Origin'],
      quotaOf,
      standing: caches.standing,
      isSample,
      onHit: (model) => {
        if (this.broken === 'hit') throw new TypeError('a bug');
        observer.cacheLookup(model, 'memory', 'hit');
      },
      onRequest,
      maxBytes: frontBytes ?? 0,
    });
    const throughApp: RequestListener = (incoming, outgoing) => {
      this.throughApp++;
      listener(incoming, outgoing);
    };
    this.#server = createServer(
      inTurn(frontBytes === undefined ? throughApp : this.front.before(throughApp)),
    );
    readAnyTarget(this.#server);
    // It knows the last answer of each connection, and with it the request.
    new Sockets(this.#server);
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  post(body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}/v1/rerank`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SEARCH}`, ...headers },
      body: body as Uint8Array<ArrayBuffer>,
    });
  }

  /** Scores of a model turn out to depend on their companions. */
  findDependent(model: string): void {
    for (const pair of ['one', 'another', 'a third'])
      this.caches.granularities.verified(model, pair, 'dependent');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.caches.stop();
  }
}
