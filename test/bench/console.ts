/** What the console costs those who do not look at it: hits while two people watch, beside hits while nobody does. */

import { setTimeout as sleep } from 'node:timers/promises';
import { buildGateway, PRODUCTION_FLAGS } from '../support/build.ts';
import { startRedis } from '../support/redis.ts';
import { median } from '../support/statistics.ts';
import { type Server, startServer } from './child.ts';
import { cpuMs } from './cpu.ts';
import { ok } from './expect.ts';
import { CONNECTIONS } from './hits.ts';
import { inTurn, openLoad, type Round } from './load.ts';
import type { Effort } from './options.ts';
import { bodyOf, httpRequest } from './requests.ts';
import { GATEWAY_KEY, gatewayEnvironment, startUpstream } from './stage.ts';
import type { Row } from './table.ts';

const VIEWERS = 2;
const SIZE = { documents: 4, bytes: 100 };
/** A look is made once a second: a round has several. */
const ROUNDS_LONGER = 5;

export const CONSOLE_NOTE =
  `console: hits of 4 documents while ${VIEWERS} people watch, in turn with rounds in which nobody does. Compared: requests/s with ÷ ` +
  'without, and the share of a processor that the watching takes of an idle gateway.';

/** @returns a function that stops looking */
const watch = async ({ url }: Server): Promise<() => Promise<void>> => {
  const abort = new AbortController();
  const readers = Array.from({ length: VIEWERS }, async () => {
    const headers = { authorization: `Bearer ${GATEWAY_KEY}` };
    const response = await fetch(`${url}/console/live`, { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`the console answered ${response.status}`);
    for await (const _ of response.body!);
  });
  const left = Promise.allSettled(readers);
  await sleep(100);
  return async () => {
    abort.abort();
    await left;
  };
};

/** Milliseconds of processor time in a second. */
const idleMs = async ({ pid }: Server, ms: number): Promise<number> => {
  const before = cpuMs(pid);
  await sleep(ms);
  return (1000 * (cpuMs(pid) - before)) / ms;
};

export async function* watched({ pairs, roundMs, warmUpMs }: Effort): AsyncGenerator<Row> {
  const upstream = await startUpstream();
  const redis = await startRedis();
  const gateway = await startServer([...PRODUCTION_FLAGS, buildGateway()], {
    ...gatewayEnvironment(upstream.url, redis.url),
    GATEWAY_KEYS: `bench:${GATEWAY_KEY};admin`,
  });
  const requests = Array.from({ length: CONNECTIONS }, (_, i) =>
    inTurn([httpRequest('/v1/rerank', GATEWAY_KEY, bodyOf(SIZE, `watched ${i}`))]),
  );
  const load = await openLoad(gateway, requests, ok);
  try {
    await load.round(warmUpMs);
    const rounds: { without: Round; with: Round }[] = [];
    for (let i = 0; i < pairs; i++) {
      const without = await load.round(ROUNDS_LONGER * roundMs);
      const stop = await watch(gateway);
      rounds.push({ without, with: await load.round(ROUNDS_LONGER * roundMs) });
      await stop();
    }
    const alone = await idleMs(gateway, ROUNDS_LONGER * roundMs);
    const stop = await watch(gateway);
    const seen = await idleMs(gateway, ROUNDS_LONGER * roundMs);
    await stop();
    const perSecond = (of: 'with' | 'without'): string =>
      `${Math.round(median(rounds.map((round) => round[of].perSecond))).toLocaleString('en')}/s`;
    const ratio = median(rounds.map(({ with: watched, without }) => watched.perSecond / without.perSecond));
    yield {
      bench: 'console',
      size: `${VIEWERS} viewers`,
      reference: perSecond('without'),
      gateway: perSecond('with'),
      compared: `${ratio.toFixed(3)}; idle ${((seen - alone) / 10).toFixed(2)} % of a processor`,
    };
  } finally {
    load.close();
    await gateway.stop();
    await redis.stop();
    await upstream.stop();
  }
}
