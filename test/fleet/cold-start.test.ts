import { describe, expect, it } from 'vitest';
import { type FleetBed, startFleetBed, throttled } from '../support/fleet-bed.ts';
import { COHERE, KEYS } from '../support/gateway.ts';
import { type Answered, ask } from '../support/load.ts';
import { mostInAnyWindow } from '../support/sliding.ts';

const LIMIT = 50;
const WINDOW_MS = 6000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const bedOf = (processes: number, rateLimitHeaders: boolean): Promise<FleetBed> =>
  startFleetBed({
    processes,
    limit: LIMIT,
    windowMs: WINDOW_MS,
    latencyMs: [20, 60],
    simulator: { rateLimitHeaders },
    env: { MAX_WAIT_MS: '20000' },
  });

const askAll = (count: number, url: (i: number) => string): Promise<Answered[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => ask(url(i), { key: KEYS.search, model: COHERE })));

const judge = ({ simulator }: FleetBed): { most: number; refused: number } => ({
  most: mostInAnyWindow(
    simulator.calls.map(({ at }) => at),
    WINDOW_MS,
  ),
  refused: throttled(simulator),
});

describe('a fresh gateway, with a Redis that was emptied', () => {
  it.concurrent.each([
    ['tells', true],
    ['does not tell', false],
  ])('right behind a full window, when the upstream %s what is left', async (_, headers) => {
    const bed = await bedOf(1, headers);
    try {
      // By hand, so that the window is full without any gateway's knowledge of it.
      await askAll(0.8 * LIMIT, () => bed.gateways[0]!.url);
      await bed.gateways[0]!.kill();
      await bed.redis.flush();
      const fresh = await bed.another('web.2');
      bed.gateways[0] = fresh;
      const answers = await askAll(20, () => fresh.url);
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      const { most, refused } = judge(bed);
      expect(refused).toBeLessThanOrEqual(1);
      expect(most).toBeLessThanOrEqual(LIMIT + refused);
    } finally {
      await bed.stop();
    }
  });

  it.each([
    ['tells', true],
    ['does not tell', false],
  ])('answers within two seconds when there is room, and the upstream %s so', async (_, headers) => {
    const bed = await bedOf(1, headers);
    try {
      await bed.redis.flush();
      const answer = await ask(bed.gateways[0]!.url, { key: KEYS.search, model: COHERE });
      expect(answer.status).toBe(200);
      expect(answer.answeredAt - answer.askedAt).toBeLessThan(2000);
    } finally {
      await bed.stop();
    }
  });
});

describe('processes that begin while Redis is gone', () => {
  it.concurrent('never pass the limit, though they have never heard of each other', async () => {
    const bed = await bedOf(0, true);
    await bed.redis.kill();
    try {
      bed.gateways.push(...(await Promise.all(['web.1', 'web.2', 'web.3'].map((dyno) => bed.another(dyno)))));
      const answers = askAll(90, (i) => bed.gateways[i % 3]!.url);
      await pause(2 * WINDOW_MS);
      const { most, refused } = judge(bed);
      expect(bed.simulator.calls.length).toBeGreaterThan(3);
      expect(most).toBeLessThanOrEqual(LIMIT);
      expect(refused).toBe(0);
      // And with Redis all of the limit is theirs again.
      await bed.redis.start();
      const statuses = (await answers).map(({ status }) => status);
      expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(LIMIT);
      expect(judge(bed)).toMatchObject({ refused: 0 });
      expect(judge(bed).most).toBeLessThanOrEqual(LIMIT);
    } finally {
      await bed.stop();
    }
  });
});
