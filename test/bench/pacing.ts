/** Pacing: how much of the allowance a saturated fleet uses, and whether it stays within it, beside what people write. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { startRedis } from '../support/redis.ts';
import { type Arrival, judge, type Trial, type Verdict } from './arrivals.ts';
import { buildGateway } from './build.ts';
import {
  gateways,
  type Limiter,
  ownReservoir,
  type Setting,
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
  `pacing: counts, of one run, with all limiters at the same time. Each has ${PROCESSES} processes behind one key that allows ` +
  `${LIMIT} calls in any window of 60 s, and calls take 0.2 – 0.4 s; when quick, all is 12 times as fast. After a sixth of a ` +
  `window without calls ${BURST} callers ask at once. Another sixth later twice as many begin to ask without end; one that ` +
  `is refused comes back when told to. The simulator counts. Used: calls taken in the second and third window ÷ ${2 * LIMIT}. ` +
  `Most: calls that came in any one window, refused ones included. Burst: until 99 % of the first ${BURST} calls had come.`;

interface Contestant {
  readonly name: string;
  readonly start: StartLimiter;
}

const contestants = (): readonly Contestant[] => [
  { name: 'gateway, shared window', start: gateways(buildGateway()) },
  { name: 'bottleneck, shared reservoir', start: sharedReservoir },
  { name: 'bottleneck, shared minTime', start: sharedMinTime },
  { name: 'bottleneck, a reservoir a process', start: ownReservoir },
];

const keyOf = (_: Contestant, i: number): string => `bench-upstream-key-1${i}`;

/** @returns a table */
export const pacing = async ({ paceWindowMs: windowMs }: Effort): Promise<string> => {
  const all = contestants();
  const keys = all.map(keyOf);
  const burst = Array.from({ length: BURST }, (_, i) => `first question ${i}`);
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const redis = await startRedis();
    stops.push(redis.stop);
    const simulator = await startSimulator({
      keys: Object.fromEntries(keys.map((key) => [key, {}])),
      limits: { [MODEL]: LIMIT },
      windowMs,
      latencyMs: [LATENCY[0] * windowMs, LATENCY[1] * windowMs],
    });
    stops.push(simulator.close);
    const common = { processes: PROCESSES, limit: LIMIT, windowMs };
    const started = async ({ start }: Contestant, i: number): Promise<Limiter> => {
      const setting: Setting = {
        ...common,
        upstreamUrl: simulator.url,
        upstreamKey: keys[i]!,
        redisUrl: redis.url,
      };
      const limiter = await start(setting);
      stops.push(limiter.stop);
      return limiter;
    };
    const limiters = await Promise.all(all.map(started));
    await sleep(IDLE * windowMs);

    const load = {
      processes: PROCESSES,
      burst,
      steadyFromMs: STEADY_FROM * windowMs,
      others: BURST,
      durationMs: WINDOWS * windowMs,
    };
    const trial: Trial = { limit: LIMIT, windowMs, windows: WINDOWS, burst };
    const tried = async (limiter: Limiter, i: number): Promise<Verdict> => {
      await sleep(i * APART * windowMs);
      const beganAt = performance.now();
      await saturate(limiter, load);
      return judge(arrivalsOf(simulator, keys[i]!, beganAt), trial);
    };
    const verdicts = await Promise.all(limiters.map(tried));
    return tabulate(
      ['pacing', 'used', `most of ${LIMIT}`, '429s upstream', `burst of ${BURST}`],
      verdicts.map((verdict, i) => [all[i]!.name, ...cells(verdict)]),
    );
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
};

const arrivalsOf = ({ calls }: Simulator, key: string, beganAt: number): Arrival[] =>
  calls
    .filter((call) => call.key === key)
    .map(({ at, status, body }) => ({
      at: at - beganAt,
      query: (body as { query: string }).query,
      refused: status === 429,
    }));

const cells = ({ used, most, refused, burstP99Ms }: Verdict): string[] => [
  `${(100 * used).toFixed(1)} %`,
  most.toLocaleString('en'),
  refused.toLocaleString('en'),
  Number.isFinite(burstP99Ms) ? `${(burstP99Ms / 1000).toFixed(2)} s` : 'never',
];
