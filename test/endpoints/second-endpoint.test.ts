/** That one column serves any endpoint: another one, of other values, runs through every layer of it. */

import type { Hono } from 'hono';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ItemMemory, memoryByItem, sharedByItem } from '../../src/cache/by-item.ts';
import { Claims } from '../../src/cache/claims.ts';
import { Refused } from '../../src/cache/refused.ts';
import { ByteBudget } from '../../src/calls/byte-budget.ts';
import type { Finding } from '../../src/calls/findings.ts';
import type { Permits } from '../../src/calls/permit.ts';
import { type ColumnOptions, createColumn } from '../../src/column/column.ts';
import { Callers } from '../../src/http/callers.ts';
import type { GatewayEnv } from '../../src/http/context.ts';
import { endpoint, route } from '../../src/http/endpoint.ts';
import { Channel } from '../../src/redis/channel.ts';
import { connectRedis } from '../../src/redis/client.ts';
import { Commands } from '../../src/redis/commands.ts';
import { connectUpstream } from '../../src/upstream/upstream.ts';
import { aCaller, onion } from '../http/onion.ts';
import { until } from '../support/fakes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import {
  CODEC,
  COLOURS,
  COLOURS_API,
  type ColourServer,
  type Colours,
  colourOf,
  MODEL,
  PER_CALL,
  startColourServer,
} from './colours.ts';

let redis: TestRedis;
let server: ColourServer;
let ends: (() => unknown)[];

beforeEach(async () => {
  ends = [];
  redis = await startRedis();
  server = await startColourServer();
});
afterEach(async () => {
  for (const end of ends) await end();
  server.close();
  await redis.kill();
});

/** Permits that are granted at once, or in a test's own time. */
class Gate implements Permits {
  closed = false;
  #waiting: (() => void)[] = [];
  givenBack = 0;

  acquire: Permits['acquire'] = async (_, asked) => {
    if (this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    asked?.onGrant?.();
    return {
      attachment: 'ONE',
      replaceable: false,
      wait: { predictedMs: 0, reason: 'none' },
      release: () => {},
      giveBack: () => {
        this.givenBack++;
      },
    };
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  open(): void {
    this.closed = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

interface Gateway {
  readonly gate: Gate;
  readonly memory: ItemMemory<Uint8Array>;
  readonly client: Redis;
  readonly findings: Finding[];
  readonly charged: string[];
  ask(texts: readonly string[], more?: object, headers?: Record<string, string>): Promise<Response>;
}

/** One process: the HTTP handler, the column, Redis and the upstream, all of them as the gateway has them. */
const startProcess = async (over: Partial<ColumnOptions<Colours>> = {}): Promise<Gateway> => {
  const [client, subscriber] = [1, 2].map(() =>
    connectRedis(redis.url, { commandTimeoutMs: 1000, onError: () => {} }),
  ) as [Redis, Redis];
  const commands = new Commands({ client });
  const channel = new Channel({ commands, subscriber, prefix: 'app:' });
  let listening = false;
  channel.onOpen(() => {
    listening = true;
  });
  const claims = new Claims(channel);
  const upstream = connectUpstream({
    attachments: [{ alias: 'ONE', url: server.url, key: 'k' }],
    timeoutMs: 5000,
  });
  ends.push(() => {
    claims.stop();
    client.disconnect();
    subscriber.disconnect();
    return upstream.close();
  });
  await until(() => listening && client.status === 'ready');

  const gate = new Gate();
  const memory = memoryByItem(CODEC, 1_000_000);
  const findings: Finding[] = [];
  const charged: string[] = [];
  const nothing = (): void => {};
  const service = createColumn<Colours>({
    endpoint: COLOURS,
    memory,
    redis: sharedByItem({ commands, prefix: 'app:', claims, claimMs: 5000, codec: CODEC }),
    lifetime: { ttlMs: 60_000, staleMs: 60_000 },
    verifyRate: 0,
    spare: () => true,
    refused: new Refused(),
    defang: false,
    maxWaitMs: 5000,
    quotas: {
      async take(name) {
        return { settle: (called) => void (called && charged.push(name)) };
      },
    },
    permits: () => gate,
    attempts: 2,
    attemptMs: 3000,
    upstream: upstream.service(COLOURS.wire),
    observer: {
      cacheLookup: nothing,
      merged: nothing,
      verified: (_model, _difference, _item, finding) => void findings.push(finding),
      queueWait: nothing,
      retry: nothing,
      firewallRefused: nothing,
      upstreamCall: nothing,
    },
    ...over,
  });
  const app: Hono<GatewayEnv> = onion();
  app.use(async (c, next) => {
    c.set('caller', aCaller());
    await next();
  });
  const handler = endpoint(COLOURS_API, {
    service,
    callers: new Callers(),
    models: [MODEL],
    granularityOf: () => 'document',
    scopeOf: () => [],
    maxWaitMs: 5000,
    maxBodyBytes: 100_000,
    budget: new ByteBudget({ maxBytes: 1_000_000 }),
  });
  app.post('/v1/colours', route(handler));
  return {
    gate,
    memory,
    client,
    findings,
    charged,
    ask: async (texts, more = {}, headers = {}) =>
      app.request('/v1/colours', {
        method: 'POST',
        headers,
        body: JSON.stringify({ model: MODEL, texts, ...more }),
      }),
  };
};

const hex = (texts: readonly string[], shade = 0): string[] =>
  texts.map((text) => Buffer.from(colourOf(text, shade)).toString('hex'));

/** What an answer says, besides its id. */
const read = async (response: Response | Promise<Response>) => {
  const answer = await response;
  const { id: _, ...body } = (await answer.json()) as { id: string; colours: string[]; spent: number };
  return { ...body, cache: answer.headers.get('cache-status') };
};

const all = (): string[] => server.calls.flat();

describe('another endpoint', () => {
  test('gets each text’s own value in the order asked, duplicates included, as few calls as its size allows', async () => {
    const one = await startProcess();
    const texts = ['a', 'b', 'a', 'c', 'd', 'e', 'f', 'g'];
    expect(await read(one.ask(texts))).toMatchObject({
      colours: hex(texts),
      spent: 7,
      cache: 'rerank-gateway; fwd=miss; stored',
    });
    expect(all().sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    expect(server.calls.length).toBe(Math.ceil(7 / PER_CALL));
    expect(one.charged).toEqual(['search', 'search', 'search']);
  });

  test('is answered from memory, from Redis where each text has a key of its own, and pays for what is missing', async () => {
    const [one, two] = [await startProcess(), await startProcess()];
    await one.ask(['a', 'b', 'c']);
    expect(await read(one.ask(['c', 'a']))).toMatchObject({
      colours: hex(['c', 'a']),
      spent: 0,
      cache: 'rerank-gateway; hit; detail=memory',
    });
    expect(await read(two.ask(['b', 'a']))).toMatchObject({
      colours: hex(['b', 'a']),
      cache: 'rerank-gateway; hit; detail=redis',
    });
    expect(await read(two.ask(['b', 'new', 'c']))).toMatchObject({
      colours: hex(['b', 'new', 'c']),
      spent: 1,
    });
    expect(all()).toEqual(['a', 'b', 'c', 'new']);
    await until(async () => (await one.client.keys('app:item1:*')).length === 4);
    expect(await one.client.keys('app:itemClaim*')).toEqual([]);
    expect([one.memory.entries, two.memory.entries]).toEqual([3, 4]);
  });

  test('with another of what its values depend on is asked anew', async () => {
    const one = await startProcess();
    for (const palette of ['warm', 'cold', 'warm']) {
      expect(await read(one.ask(['a'], { palette }))).toMatchObject({ colours: hex([`${palette}a`]) });
    }
    expect(server.calls).toEqual([['a'], ['a']]);
  });

  test('is called once for what several ask at the same time, on one process and on two', async () => {
    const [one, two] = [await startProcess(), await startProcess()];
    const go = server.hold();
    const answers = [one.ask(['a', 'b']), one.ask(['b', 'a'])];
    await until(() => server.calls.length === 1);
    answers.push(two.ask(['a', 'c']));
    await until(() => server.calls.length === 2);
    go();
    expect((await Promise.all(answers.map(read))).map(({ colours }) => colours)).toEqual([
      hex(['a', 'b']),
      hex(['b', 'a']),
      hex(['a', 'c']),
    ]);
    expect(server.calls).toEqual([['a', 'b'], ['c']]);
  });

  test('while it waits for its slot takes in what others ask, up to its own size', async () => {
    const one = await startProcess();
    one.gate.closed = true;
    const texts = ['a', 'b', 'c', 'd'];
    const answers = texts.map((text) => one.ask([text]));
    await until(() => one.gate.waiting === 2);
    one.gate.open();
    expect((await Promise.all(answers.map(read))).map(({ colours }) => colours)).toEqual(
      texts.map((text) => hex([text])),
    );
    expect(server.calls.map(({ length }) => length).sort()).toEqual([1, PER_CALL]);
  });

  test('is asked again after a failure, and answered past its freshness when it fails for good', async () => {
    const fleeting = await startProcess({ lifetime: { ttlMs: 1, staleMs: 60_000 } });
    server.failures = 1;
    expect(await read(fleeting.ask(['a']))).toMatchObject({ colours: hex(['a']), spent: 1 });
    expect(server.calls).toHaveLength(2);
    const kept = Date.now();
    await until(() => Date.now() > kept + 1);
    server.failures = 2;
    expect(await read(fleeting.ask(['a']))).toMatchObject({
      colours: hex(['a']),
      cache: 'rerank-gateway; hit; fwd=stale; detail=redis',
    });
    expect(server.failures).toBe(0);
  });

  test('is not called when its caller wants a cached answer only', async () => {
    const one = await startProcess();
    const answer = await one.ask(['a'], {}, { 'cache-control': 'only-if-cached' });
    expect(answer.status).toBe(504);
    expect(server.calls).toEqual([]);
  });

  test('has a text that the firewall refuses named in its own words, and the others kept', async () => {
    const one = await startProcess();
    server.refused.add('<b>');
    const answer = await one.ask(['a', 'a', '<b>', 'c']);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param: 'texts[2]' } });
    server.calls.length = 0;
    expect(await read(one.ask(['a', 'c']))).toMatchObject({ colours: hex(['a', 'c']), spent: 0 });
    expect((await one.ask(['<b>', 'a'])).status).toBe(400);
    expect(server.calls).toEqual([]);
  });

  test('has such a text sent in a milder form where that is wanted', async () => {
    const one = await startProcess({ defang: true });
    server.refused.add('<b>');
    expect(await read(one.ask(['a', '<b>']))).toMatchObject({
      colours: hex(['a', 'b>']),
      warnings: [expect.stringContaining('texts[1]')],
    });
  });

  test('is found to have changed by its own measure of how far two values are apart', async () => {
    const one = await startProcess({ verifyRate: 1 });
    const warm = { palette: 'warm' };
    await one.ask(['a'], warm);
    await one.ask(['a'], warm);
    await until(() => one.findings.length === 1);
    server.shade = 1;
    await one.ask(['a'], warm);
    await until(() => one.findings.length === 2);
    expect(one.findings).toEqual(['same', 'changed']);
  });

  test('is answered when Redis is gone, and when others have left anything at all there', async () => {
    const one = await startProcess();
    await one.ask(['a']);
    const [key = ''] = await one.client.keys('app:item1:*');
    for (const strange of ['x', 'a string that is longer than any colour', '\0'.repeat(11)]) {
      await one.client.set(key, strange);
      const fresh = await startProcess();
      expect(await read(fresh.ask(['a']))).toMatchObject({ colours: hex(['a']) });
    }
    await one.client.del(key);
    await one.client.hset(key, 'of', 'another type');
    const fresh = await startProcess();
    expect(await read(fresh.ask(['a', 'b']))).toMatchObject({ colours: hex(['a', 'b']) });
    await redis.kill();
    expect(await read(fresh.ask(['c']))).toMatchObject({ colours: hex(['c']) });
  });
});
