/** Hits by tier: the gateway against a bare server, in alternation. */

import { median, quantile } from '../support/statistics.ts';
import { Connection } from './connection.ts';
import { expecting, ok } from './expect.ts';
import { openLoad, type Round } from './load.ts';
import type { Effort } from './options.ts';
import { bodyOf, httpRequest } from './requests.ts';
import { nameOf, SIZES, type Size } from './sizes.ts';
import { GATEWAY_KEY, type Stage } from './stage.ts';
import type { Row } from './table.ts';

/** Kept connections, each with one request under way. */
export const CONNECTIONS = 8;

const TIERS = ['memory', 'redis'] as const;
type Tier = (typeof TIERS)[number];

export async function* hits(stage: Stage, effort: Effort): AsyncGenerator<Row> {
  for (const size of SIZES) {
    // No two connections ask the same: two asks at once for one key would be one read of Redis.
    const bodies = Array.from({ length: CONNECTIONS }, (_, lane) =>
      Array.from({ length: effort.requestsPerConnection }, (_, i) => bodyOf(size, `hit ${lane} ${i}`)),
    );
    const serialize = (path: string) =>
      bodies.map((lane) => lane.map((body) => httpRequest(path, GATEWAY_KEY, body)));
    const requests = serialize('/v1/rerank');
    const answerBytes = await prepare(stage, requests);
    const bare = serialize(`/${answerBytes}`);
    for (const tier of TIERS) yield await compare(stage, { size, tier, requests, bare, effort });
  }
}

/** Has every request scored once, which fills both tiers; the size of an answer, bytes. */
const prepare = async (stage: Stage, requests: readonly (readonly Buffer[])[]): Promise<number> => {
  const connection = await Connection.open(stage.gateway.port);
  let bytes = 0;
  try {
    for (const request of requests.flat()) {
      const reply = await connection.exchange(request);
      expecting('fwd=miss; stored')(reply);
      bytes = reply.bodyBytes;
    }
  } finally {
    connection.close();
  }
  return bytes;
};

interface Comparison {
  readonly size: Size;
  readonly tier: Tier;
  readonly requests: readonly (readonly Buffer[])[];
  readonly bare: readonly (readonly Buffer[])[];
  readonly effort: Effort;
}

const compare = async (
  stage: Stage,
  { size, tier, requests, bare, effort: { pairs, roundMs, warmUpMs } }: Comparison,
): Promise<Row> => {
  const { port } = tier === 'memory' ? stage.gateway : stage.forgetful;
  const yardstick = await openLoad(stage.yardstick.port, bare, ok);
  const gateway = await openLoad(port, requests, expecting(`detail=${tier}`));
  // One request at a time: what a hit takes when it waits for no other.
  const aloneThere = await openLoad(stage.yardstick.port, bare.slice(0, 1), ok);
  const aloneHere = await openLoad(port, requests.slice(0, 1), expecting(`detail=${tier}`));
  const rounds: [Round, Round][] = [];
  const alone: [Round, Round][] = [];
  try {
    await yardstick.round(warmUpMs);
    await gateway.round(warmUpMs);
    for (let i = 0; i < pairs; i++) {
      rounds.push([await yardstick.round(roundMs), await gateway.round(roundMs)]);
      alone.push([await aloneThere.round(roundMs / 4), await aloneHere.round(roundMs / 4)]);
    }
  } finally {
    for (const load of [yardstick, gateway, aloneThere, aloneHere]) load.close();
  }
  const ratios = rounds.map(([a, b]) => b.perSecond / a.perSecond);
  return {
    bench: `hits, ${tier}`,
    size: nameOf(size),
    reference: summary(
      rounds.map(([a]) => a),
      alone.map(([a]) => a),
    ),
    gateway: summary(
      rounds.map(([, b]) => b),
      alone.map(([, b]) => b),
    ),
    compared: `× ${median(ratios).toFixed(3)}\n${quantile(ratios, 0.25).toFixed(3)} – ${quantile(ratios, 0.75).toFixed(3)}`,
  };
};

const summary = (rounds: readonly Round[], alone: readonly Round[]): string => {
  const of = (name: keyof Round, among = rounds): number => median(among.map((round) => round[name]));
  const perSecond = Math.round(of('perSecond')).toLocaleString('en');
  const busy = Math.round(100 * of('generatorBusy'));
  return `${perSecond}/s, generator ${busy} %\np50 ${of('p50').toFixed(2)}, p99 ${of('p99').toFixed(2)} ms\nalone p50 ${of('p50', alone).toFixed(2)} ms`;
};
