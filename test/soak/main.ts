/**
 * `npm run soak -- --minutes N [--seed S]`: a fleet of four, requests of every kind, and everything that can happen to
 * them, at random. Exit code 1 when anything was wrong, unanswered or over the limit.
 */

import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { seededRandom } from '../../src/simulator/random.ts';
import { startFleetBed, throttled } from '../support/fleet-bed.ts';
import { mostInAnyWindow } from '../support/sliding.ts';
import { readBodies } from './bodies.ts';
import { faultsOf } from './faults.ts';
import { growthPerMinute, type Sample, sampleOf } from './health.ts';
import { startLoad } from './load.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes ?? 10);
const seed = Number(values.seed ?? 1);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('npm run soak -- --minutes N [--seed S]: N above 0, S a whole number');
  process.exit(2);
}

const PROCESSES = 4;
const LIMIT = 60;
const WINDOW_MS = 3000;
const MAX_WAIT_MS = 5000;

const random = seededRandom(seed);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const bed = await startFleetBed({
  processes: PROCESSES,
  limit: LIMIT,
  windowMs: WINDOW_MS,
  latencyMs: [5, 400],
  simulator: { unkind: 'all', seed },
  env: {
    MAX_WAIT_MS: String(MAX_WAIT_MS),
    CACHE_TTL_SECONDS: '60',
    CACHE_STALE_SECONDS: '60',
    CACHE_MEMORY_MB: '4',
    MAX_BODY_MB: '2',
    VERIFY_RATE: '0.01',
  },
});
/** When a process was gone, and nobody was sent to it any more. */
const ended = new Map<string, number>();
const begun = performance.now();
const seconds = (): number => (performance.now() - begun) / 1000;

/** The first process lives through it all: what it holds is what is watched. */
const replace = async (how: 'kill' | 'stop'): Promise<void> => {
  const place = 1 + Math.floor(random() * (PROCESSES - 1));
  const old = bed.gateways[place]!;
  ended.set(old.url, Number.POSITIVE_INFINITY);
  if (how === 'kill') await old.kill();
  bed.gateways[place] = await bed.another(`web.${place + 1}`);
  if (how === 'stop') await old.stop();
  ended.set(old.url, performance.now());
};

const load = startLoad({
  urls: bed.urls,
  callers: 120,
  patienceMs: MAX_WAIT_MS + 10_000,
  random,
  wasEnded: (url, since) => (ended.get(url) ?? -1) >= since,
});

const samples: Sample[] = [];
const keys: (readonly [number, number])[] = [];
let slowest = 0;
const watching = setInterval(async () => {
  const url = bed.gateways[0]!.url;
  const asked = performance.now();
  const alive = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
  slowest = Math.max(slowest, alive ? performance.now() - asked : Number.POSITIVE_INFINITY);
  const text = await fetch(`${url}/metrics`).then(
    (answer) => answer.text(),
    () => '',
  );
  if (text !== '') samples.push(sampleOf(text, 'web.1', seconds()));
  const client = new Redis(bed.redis.url, { lazyConnect: true, commandTimeout: 500, retryStrategy: null });
  client.on('error', () => {});
  await client
    .connect()
    .then(() => client.dbsize())
    .then((size) => keys.push([seconds(), size]))
    .catch(() => {});
  client.disconnect();
}, 2000);

const faults = faultsOf({ bed, random, replace });
const happened = new Map<string, number>();
const story: string[] = [];
// The last part of the time is quiet: it shows what has come through.
const until = begun + minutes * 60_000 - Math.min(15_000, minutes * 20_000);
while (performance.now() < until) {
  const fault = faults[Math.floor(random() * faults.length)]!;
  happened.set(fault.name, (happened.get(fault.name) ?? 0) + 1);
  story.push(`${seconds().toFixed(1)} ${fault.name}`);
  await fault.run();
  await pause(500 + 2500 * random());
}
await pause(begun + minutes * 60_000 - performance.now());
clearInterval(watching);
await load.stop();

// A million for ten minutes.
const bodiesRead = readBodies(Math.round(100_000 * minutes), seed);

const { tally } = load;
const arrivals = bed.simulator.calls.map(({ at }) => at);
const most = mostInAnyWindow(arrivals, WINDOW_MS);
const asked429 = bed.simulator.calls.filter(({ status }) => status === 429).length;
const rows: readonly (readonly [string, string | number])[] = [
  ['seed', seed],
  ['minutes', minutes],
  ['faults', [...happened.values()].reduce((a, b) => a + b, 0)],
  ['requests', tally.requests],
  ['answered rightly', tally.answered],
  ['refused properly', tally.refused],
  ['left by their callers', tally.left],
  ['cut with a process that ended', tally.cut],
  ['wrong', tally.wrong],
  ['unanswered', tally.unanswered],
  ['bodies read in two ways', bodiesRead.count],
  ['read differently', bodiesRead.different ?? 0],
  ['upstream calls', arrivals.length],
  ['most in any window', `${most} of ${LIMIT}`],
  ['windows over the limit', most > LIMIT ? 'yes' : 0],
  ['upstream 429s, asked for by the faults included', `${asked429} (${throttled(bed.simulator)})`],
  ['slowest /healthz, ms', Math.round(slowest)],
  ['heap of web.1, MB a minute', growthPerMinute(samples.map(({ at, heapMB }) => [at, heapMB])).toFixed(2)],
  ['heap of web.1 at the end, MB', samples.at(-1)?.heapMB.toFixed(1) ?? '–'],
  ['sockets of web.1, a minute', growthPerMinute(samples.map(({ at, sockets }) => [at, sockets])).toFixed(2)],
  ['Redis keys, a minute', growthPerMinute(keys).toFixed(1)],
];
for (const [name, value] of rows) console.log(`${name.padEnd(50)} ${value}`);
for (const [name, times] of [...happened].sort()) console.log(`  ${name.padEnd(48)} ${times}`);
const over = arrivals.findIndex(
  (at, i) => at - (arrivals[i - LIMIT] ?? Number.NEGATIVE_INFINITY) < WINDOW_MS,
);
if (over >= 0) {
  const at = (arrivals[over]! - begun) / 1000;
  const before = story.filter((event) => Number.parseFloat(event) <= at);
  console.log(`  over the limit at ${at.toFixed(1)} s, after: ${before.slice(-5).join(', ')}`);
}
for (const example of tally.examples) console.log(`  ${example}`);
const internal = bed.gateways.flatMap(({ log }) => log.filter((line) => line.includes('"error":"internal"')));
for (const line of internal.slice(0, 5)) console.log(`  ${line}`);

await bed.stop();
const wrong = tally.wrong + tally.unanswered + internal.length > 0 || bodiesRead.different !== undefined;
process.exit(wrong || most > LIMIT ? 1 : 0);
