import { setTimeout as sleep } from 'node:timers/promises';
import { expect, type TestContext, test } from 'vitest';
import type { GatewayProcess } from '../support/fleet.ts';
import { type FleetBed, startFleetBed } from '../support/fleet-bed.ts';
import { COHERE, KEYS, metric } from '../support/gateway.ts';
import { objections } from '../support/promtool.ts';

/** How long a dead process's last words are told, and how often a living one is heard, milliseconds. */
const FRESH_MS = 20_000;
const HEARTBEAT_MS = 5000;

/** A test with three gateways, which wait for heartbeats most of the time: several tests at once. */
const withFleet = (title: string, use: (bed: FleetBed, context: TestContext) => Promise<void>): void =>
  test.concurrent(title, async (context) => {
    const bed = await startFleetBed({ processes: 3, limit: 1000, windowMs: 60_000, latencyMs: [1, 5] });
    try {
      await use(bed, context);
    } finally {
      bed.redis.thaw();
      await bed.stop();
    }
  });

let asked = 0;
const ask = async ({ url }: GatewayProcess): Promise<void> => {
  const answer = await fetch(`${url}/v1/rerank`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEYS.search}` },
    body: JSON.stringify({ model: COHERE, query: `query ${asked++}`, documents: ['a', 'b'] }),
  });
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
};

const scrape = async ({ url }: GatewayProcess): Promise<string> => (await fetch(`${url}/metrics`)).text();

const dynosOf = (text: string): string[] =>
  [...text.matchAll(/^gateway_build_info\{.*dyno="([^"]*)".* 1$/gm)].map(([, dyno]) => dyno!).sort();

const served = (text: string, dyno: string): number =>
  metric(text, 'gateway_requests_total', { dyno, code: '200' });

const keyUsed = (text: string, dyno: string): number =>
  metric(text, 'gateway_client_key_last_used_timestamp_seconds', { dyno, client: 'search', key: '1' });

const WHOLE = ['web.1', 'web.2', 'web.3'];

withFleet('any process answers for all, whoever served', async (bed, { expect }) => {
  const [a, b, c] = bed.gateways as [GatewayProcess, GatewayProcess, GatewayProcess];
  // The order of the round matters: each scrape makes its process tell its own newest counts.
  for (const [i, gateway] of bed.gateways.entries()) {
    for (let n = 0; n <= i; n++) await ask(gateway);
    await scrape(gateway);
  }
  for (const gateway of [a, b, c]) {
    const text = await scrape(gateway);
    expect(dynosOf(text)).toEqual(WHOLE);
    expect(WHOLE.map((dyno) => served(text, dyno))).toEqual([1, 2, 3]);
    expect(objections(text)).toBe('');
  }
});

withFleet(
  'idle processes are there without being asked, and again after Redis has forgotten everything',
  async (bed, { expect }) => {
    const [a] = bed.gateways as [GatewayProcess];
    await expect.poll(async () => dynosOf(await scrape(a)), { timeout: 2 * HEARTBEAT_MS }).toEqual(WHOLE);
    await bed.redis.flush();
    await expect.poll(async () => dynosOf(await scrape(a)), { timeout: 2 * HEARTBEAT_MS }).toEqual(WHOLE);
  },
);

withFleet('a process that is killed is told of for a while, and then no more', async (bed, { expect }) => {
  const [a, , c] = bed.gateways as [GatewayProcess, GatewayProcess, GatewayProcess];
  await expect.poll(async () => dynosOf(await scrape(a)), { timeout: 2 * HEARTBEAT_MS }).toEqual(WHOLE);
  await ask(c);
  await scrape(c);
  await c.kill();
  const text = await scrape(a);
  expect(dynosOf(text)).toEqual(WHOLE);
  expect(served(text, 'web.3')).toBe(1);
  // A key was used last when any of them saw it, so their greatest time counts.
  expect(keyUsed(text, 'web.3')).toBeGreaterThan(0);
  expect(keyUsed(text, 'web.1')).toBe(0);
  await expect
    .poll(async () => dynosOf(await scrape(a)), { timeout: FRESH_MS + HEARTBEAT_MS, interval: 250 })
    .toEqual(['web.1', 'web.2']);
});

withFleet(
  'a restart with overlap is one reset, nothing alternates, and no request is missing in the end',
  async (bed, { expect }) => {
    const [a, , old] = bed.gateways as [GatewayProcess, GatewayProcess, GatewayProcess];
    for (let i = 0; i < 10; i++) await ask(old);
    await scrape(old);
    const young = await bed.another('web.3');
    bed.gateways.push(young);
    const seen: number[] = [];
    for (let round = 0; round < 60; round++) {
      // The router goes over from the old generation to the new one; for some time, both are asked.
      if (round < 30) await ask(old);
      if (round >= 20) await ask(young);
      if (round === 30) expect(await old.stop()).toBe(0);
      await scrape(round < 20 ? old : young);
      seen.push(served(await scrape(a), 'web.3'));
      await sleep(50);
    }
    const drops = seen.flatMap((count, i) => (i > 0 && count < seen[i - 1]! ? [i] : []));
    expect(drops).toEqual([20]);
    // The new one's own 40, and the 10 of the old one since.
    await expect.poll(async () => served(await scrape(a), 'web.3'), { timeout: 2 * HEARTBEAT_MS }).toBe(50);
    expect(seen[19]).toBe(30);
  },
);

withFleet(
  'while Redis hangs, a process answers for itself, soon, and says that Redis is down',
  async (bed, { expect }) => {
    const [a, b] = bed.gateways as [GatewayProcess, GatewayProcess];
    await scrape(b);
    expect(dynosOf(await scrape(a)).length).toBeGreaterThan(1);
    bed.redis.freeze();
    const started = performance.now();
    const text = await scrape(a);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(dynosOf(text)).toEqual(['web.1']);
    expect(text).toMatch(/^gateway_redis_up\{dyno="web.1"\} 0$/m);
    bed.redis.thaw();
    await expect.poll(async () => dynosOf(await scrape(a)), { timeout: 2 * HEARTBEAT_MS }).toEqual(WHOLE);
  },
);
