import { describe, expect, it } from 'vitest';
import { startFleetBed, throttled } from '../support/fleet-bed.ts';
import { COHERE, KEYS } from '../support/gateway.ts';
import { startLoad } from '../support/load.ts';
import { mostInAnyWindow } from '../support/sliding.ts';

const LIMIT = 50;
const WINDOW_MS = 2000;
const PROCESSES = 3;
const MAX_WAIT_MS = 6000;
/** For so long something new happens. */
const FAULTS_MS = 45_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A small linear congruential generator: the same seed makes the same faults in the same order. */
const seeded = (seed: number) => () => {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return seed / 2 ** 31;
};

describe('a fleet to which everything happens', () => {
  it('never passes the limit, answers every request once and in time, and recovers', async () => {
    // The same faults every time, until somebody wants others.
    const seed = Number(process.env.CHAOS_SEED ?? 20_261_123);
    const random = seeded(seed);
    const bed = await startFleetBed({
      processes: PROCESSES,
      limit: LIMIT,
      windowMs: WINDOW_MS,
      latencyMs: [5, 400],
      env: { MAX_WAIT_MS: String(MAX_WAIT_MS) },
    });
    const replace = async (stop: 'kill' | 'stop'): Promise<void> => {
      const place = Math.floor(random() * PROCESSES);
      const old = bed.gateways[place]!;
      // A killed one is gone before its successor comes; on a restart the generations overlap, as Heroku has it.
      if (stop === 'kill') await old.kill();
      bed.gateways[place] = await bed.another(`web.${place + 1}`);
      if (stop === 'stop') await old.stop();
    };
    const faults: [string, () => Promise<void>][] = [
      ['flush', () => bed.redis.flush()],
      [
        'freeze',
        () =>
          Promise.resolve(bed.redis.freeze())
            .then(() => pause(3000))
            .then(() => bed.redis.thaw()),
      ],
      [
        'restart of Redis',
        () =>
          bed.redis
            .kill()
            .then(() => pause(1000 * random()))
            .then(() => bed.redis.start()),
      ],
      [
        'outage',
        () =>
          bed.redis
            .kill()
            .then(() => pause(10_000))
            .then(() => bed.redis.start()),
      ],
      ['kill of a gateway', () => replace('kill')],
      ['restart of a gateway', () => replace('stop')],
    ];
    try {
      const load = startLoad({
        urls: bed.urls,
        key: KEYS.search,
        model: COHERE,
        callers: 2 * LIMIT,
        random,
      });
      await pause(2 * WINDOW_MS);
      const begun = performance.now();
      const order: string[] = [];
      // Every fault once, and then whichever comes, until the minute is over.
      const once = [...faults].sort(() => random() - 0.5);
      const tells = ['sometimes', false, true] as const;
      while (performance.now() - begun < FAULTS_MS) {
        const [name, fault] = once.pop() ?? faults[Math.floor(random() * faults.length)]!;
        const told = tells[order.length % tells.length]!;
        order.push(`${name} at ${Math.round(performance.now() - begun)} (headers: ${told})`);
        bed.simulator.rateLimitHeaders(told);
        // The worst moment to fail: the first answers after a fault are those that tell most.
        if (order.length % 2 === 0) bed.simulator.fault({ kind: 'status', status: 500 }, 2);
        await fault();
        if (order.length % 2 === 1) bed.simulator.fault({ kind: 'status', status: 500 }, 2);
        await pause(500 + 2000 * random());
      }
      const quiet = performance.now();
      await pause(3 * WINDOW_MS);
      const end = performance.now();
      await load.stop();

      const arrivals = bed.simulator.calls.map(({ at }) => at);
      const over = arrivals.findIndex((at, i) => at - (arrivals[i - LIMIT] ?? -WINDOW_MS) < WINDOW_MS);
      const passed = over < 0 ? '' : `; passed at ${Math.round(arrivals[over]! - begun)}`;
      const happened = `seed ${seed}: ${order.join(', ')}${passed}`;
      expect(mostInAnyWindow(arrivals, WINDOW_MS), happened).toBeLessThanOrEqual(LIMIT);
      expect(throttled(bed.simulator), happened).toBe(0);
      // A connection may break, when its process is killed; a request that is answered is answered in time.
      const late = load.answers.filter(
        ({ askedAt, answeredAt }) => answeredAt - askedAt > MAX_WAIT_MS + 1000,
      );
      expect(late, happened).toEqual([]);
      expect(
        load.answers.filter(({ status }) => ![200, 429, 502, 503, 504, 0].includes(status)),
        happened,
      ).toEqual([]);
      // What the upstream failed at is tried again; hardly ever there is no time for that.
      const failed = load.answers.filter(({ status }) => status === 502);
      expect(failed.length, happened).toBeLessThanOrEqual(order.length);
      // Everybody has had an answer: nothing hangs.
      expect(load.open, happened).toBe(0);
      // A window after the last fault, two windows are used as far as calls of a fifth of a window allow.
      const recovered = arrivals.filter((at) => at >= quiet + WINDOW_MS && at < end);
      expect(recovered.length / (2 * LIMIT), happened).toBeGreaterThan(0.5);
      for (const gateway of bed.gateways) {
        expect(
          gateway.log.filter((line) => line.includes('"error":"internal"')),
          happened,
        ).toEqual([]);
      }
    } finally {
      await bed.stop();
    }
  });
});
