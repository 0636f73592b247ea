/**
 * Misses: what the way through the gateway adds to a call. The same calls, sent directly and through it, in turns. A process that
 * serves has compiled its way long ago, and so has the upstream: both are warmed up with small calls first, some hundreds in a
 * full run. The warmer the simulator, the smaller is the direct call that the gateway is held against.
 */

import { median, quantile } from '../support/statistics.ts';
import { Connection } from './connection.ts';
import { cpuMs } from './cpu.ts';
import { expecting, ok } from './expect.ts';
import type { Effort } from './options.ts';
import { bodyOf, httpRequest } from './requests.ts';
import { nameOf, SIZES, type Size } from './sizes.ts';
import { GATEWAY_KEY, type Pair, type Stage, UPSTREAM_KEY } from './stage.ts';

export interface MissFigures {
  readonly size: string;
  readonly contestant: string;
  /** Milliseconds, medians: of calls sent directly, and of those through the gateway. */
  readonly directMs: number;
  readonly throughMs: number;
  /** Through ÷ direct, of each pair of calls: median and quartiles. */
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
  /** Processor time of the gateway for each. */
  readonly cpuMs: number;
}

/** Calls of each size and kind before the first that counts. */
const WARM_UP = 5;

/** Milliseconds that all calls of one size may take: a thousand long documents take the simulator a while. */
const BUDGET_MS = 20_000;

const miss = expecting('fwd=miss; stored');

export async function* misses(stage: Stage, { missPairs, missWarmUp }: Effort): AsyncGenerator<MissFigures> {
  for (const pair of stage.gateways) {
    const direct = await Connection.open(stage.simulator.port);
    const gateway = await Connection.open(pair.gateway.port);
    try {
      for (let i = 0; i < missWarmUp; i++) {
        await gateway.exchange(httpRequest('/v1/rerank', GATEWAY_KEY, bodyOf(SIZES[0]!, `warm up ${i}`)));
      }
      for (const size of SIZES) yield await compare(direct, gateway, pair, { size, pairs: missPairs });
    } finally {
      direct.close();
      gateway.close();
    }
  }
}

const compare = async (
  direct: Connection,
  gateway: Connection,
  { name, gateway: { pid } }: Pair,
  { size, pairs }: { readonly size: Size; readonly pairs: number },
): Promise<MissFigures> => {
  const measured: { direct: number; through: number }[] = [];
  const end = performance.now() + BUDGET_MS;
  let before = cpuMs(pid);
  for (let i = -WARM_UP; i < pairs && performance.now() < end; i++) {
    if (i === 0) before = cpuMs(pid);
    const body = bodyOf(size, `miss ${i}`);
    const own = httpRequest('/v1/rerank', UPSTREAM_KEY, body);
    const ours = httpRequest('/v1/rerank', GATEWAY_KEY, body);
    const callDirectly = () => timed(direct, own, ok);
    const callThrough = () => timed(gateway, ours, miss);
    // Whoever is second finds the simulator warm: each is second every other time.
    const directFirst = i % 2 === 0;
    const first = directFirst ? await callDirectly() : await callThrough();
    const second = directFirst ? await callThrough() : await callDirectly();
    if (i < 0) continue;
    measured.push(directFirst ? { direct: first, through: second } : { direct: second, through: first });
  }
  const ratios = measured.map((pair) => pair.through / pair.direct);
  return {
    size: nameOf(size),
    contestant: name === '' ? 'miss' : `miss, ${name}`,
    directMs: median(measured.map((pair) => pair.direct)),
    throughMs: median(measured.map((pair) => pair.through)),
    ratio: median(ratios),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    cpuMs: (cpuMs(pid) - before) / measured.length,
  };
};

/** Milliseconds until the whole answer is there. */
const timed = async (
  connection: Connection,
  request: Buffer,
  check: (reply: Awaited<ReturnType<Connection['exchange']>>) => void,
): Promise<number> => {
  const started = performance.now();
  const reply = await connection.exchange(request);
  const ms = performance.now() - started;
  check(reply);
  return ms;
};
