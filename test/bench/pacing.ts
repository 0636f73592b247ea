/** Pacing: how much of the allowance a saturated fleet uses, and whether it stays within it, beside what people write. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { buildGateway } from '../support/build.ts';
import { startRedis } from '../support/redis.ts';
import { type Arrival, judge, type Verdict } from './arrivals.ts';
import {
  gateways,
  type Limiter,
  ownReservoir,
  type StartLimiter,
  sharedMinTime,
  sharedReservoir,
} from './limiters.ts';
import type { Effort } from './options.ts';
import { MODEL } from './requests.ts';
import { saturate } from './saturation.ts';
import { tabulate } from './table.ts';

const LIMIT = 250;
const PROCESSES = 4;
const WINDOWS = 3;
const BURST = 0.8 * LIMIT;

/**
 * Shares of the window. A limiter is there for a while before it is needed, as in a service that has been deployed, and
 * one load begins after the other: bursts at the same moment would be a test of the machine.
 */
const IDLE = 1 / 6;
const APART = 1 / 20;
const STEADY_FROM = 1 / 6;
/** 0.2 to 0.4 s of a minute. */
const LATENCY = [1 / 300, 1 / 150] as const;

export const PACING_NOTE =
  `pacing: counts, of one run, with all at the same time. ${PROCESSES} processes, for bottleneck ${PROCESSES} limiters, each with a Redis ` +
  `connection of its own, call with one key, which allows ${LIMIT} calls in any window of 60 s; calls take 0.2 – 0.4 s. When ` +
  `quick, all is 12 times as fast. After a sixth of a ` +
  `window without calls ${BURST} callers ask at once. Another sixth later twice as many begin to ask without end; one that ` +
  `is refused comes back when told to. The simulator counts. Used: calls taken in the second and third window ÷ ${2 * LIMIT}. ` +
  `Most: calls that came in any one window, refused ones included. Burst: until 99 % of the first ${BURST} calls had come.`;

interface Contestant {
  readonly name: string;
  /** Its own at the upstream, and with it a budget. */
  readonly key: string;
  readonly start: StartLimiter;
}

const contestants = (): readonly Contestant[] => [
  { name: 'gateway, shared window', key: 'bench-pacing-key-0001', start: gateways(buildGateway()) },
  { name: 'bottleneck, shared reservoir', key: 'bench-pacing-key-0002', start: sharedReservoir },
  { name: 'bottleneck, shared minTime', key: 'bench-pacing-key-0003', start: sharedMinTime },
  { name: 'bottleneck, a reservoir a process', key: 'bench-pacing-key-0004', start: ownReservoir },
];

/** @returns a table */
export const pacing = async ({ paceWindowMs: windowMs }: Effort): Promise<string> => {
  const all = contestants();
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const redis = await startRedis();
    stops.push(redis.stop);
    const simulator = await startSimulator({
      keys: Object.fromEntries(all.map(({ key }) => [key, {}])),
      limits: { [MODEL]: LIMIT },
      windowMs,
      latencyMs: [LATENCY[0] * windowMs, LATENCY[1] * windowMs],
    });
    stops.push(simulator.close);
    const upstream = { limit: LIMIT, windowMs, upstreamUrl: simulator.url };
    const limiters = await Promise.all(
      all.map(async ({ key, start }) => {
        const limiter = await start({
          ...upstream,
          processes: PROCESSES,
          upstreamKey: key,
          redisUrl: redis.url,
        });
        stops.push(limiter.stop);
        return limiter;
      }),
    );
    await sleep(IDLE * windowMs);
    const rows = await Promise.all(
      all.map(async ({ name, key }, i) => {
        await sleep(i * APART * windowMs);
        return [name, ...cells(await tried(limiters[i]!, simulator, key, windowMs))];
      }),
    );
    return tabulate(['pacing', 'used', `most of ${LIMIT}`, '429s upstream', `burst of ${BURST}`], rows);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
};

const tried = async (
  limiter: Limiter,
  simulator: Simulator,
  key: string,
  windowMs: number,
): Promise<Verdict> => {
  const burst = Array.from({ length: BURST }, (_, i) => `first question ${i}`);
  const beganAt = performance.now();
  await saturate(limiter, {
    processes: PROCESSES,
    burst,
    steadyFromMs: STEADY_FROM * windowMs,
    others: BURST,
    durationMs: WINDOWS * windowMs,
  });
  const arrivals = arrivalsOf(simulator, key, beganAt);
  return judge(arrivals, { limit: LIMIT, windowMs, windows: WINDOWS, burst });
};

const arrivalsOf = ({ calls }: Simulator, key: string, beganAt: number): Arrival[] =>
  calls
    .filter((call) => call.key === key)
    .map(({ at, status, body }) => ({
      at: at - beganAt,
      // Not there yet when the load was over.
      query: (body as { query: string } | undefined)?.query ?? '',
      refused: status === 429,
    }));

const cells = ({ used, most, refused, burstP99Ms }: Verdict): string[] => [
  `${(100 * used).toFixed(1)} %`,
  most.toLocaleString('en'),
  refused.toLocaleString('en'),
  Number.isFinite(burstP99Ms) ? `${(burstP99Ms / 1000).toFixed(2)} s` : 'never',
];
