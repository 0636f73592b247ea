/** Hits: the gateway, in every way in which it can know an answer, against bare servers, all in turn. */

import { median, quantile } from '../support/statistics.ts';
import type { Server } from './child.ts';
import { Connection } from './connection.ts';
import { expecting, ok } from './expect.ts';
import { inTurn, type Lane, type Load, openLoad, type Round } from './load.ts';
import type { Effort } from './options.ts';
import { bodyOf, httpRequest, permuted } from './requests.ts';
import { nameOf, SIZES, type Size } from './sizes.ts';
import { DIGESTS, GATEWAY_KEY, type Stage } from './stage.ts';

/** Kept connections, each with one request under way. */
export const CONNECTIONS = 8;

export interface HitFigures {
  readonly size: string;
  readonly contestant: string;
  readonly perSecond: number;
  /** Requests/s ÷ those of the bare server that makes a SHA-256, in the same round: median and quartiles. */
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
  /** The same by processor time a request. */
  readonly cpuRatio: number;
  readonly cpuUs: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly generatorBusy: number;
}

interface Contestant {
  readonly name: string;
  readonly load: Load;
}

/** One row a size and contestant; the first contestant is what the others are held against. */
export async function* hits(stage: Stage, effort: Effort): AsyncGenerator<HitFigures> {
  for (const size of SIZES) {
    const contestants = await enter(stage, size, effort);
    try {
      yield* compete(size, contestants, effort);
    } finally {
      for (const { load } of contestants) load.close();
    }
  }
}

const enter = async (
  stage: Stage,
  size: Size,
  { requestsPerConnection }: Effort,
): Promise<readonly Contestant[]> => {
  // No two connections ask the same: two asks at once for one key would be one read of Redis.
  const queries = Array.from({ length: CONNECTIONS }, (_, lane) =>
    Array.from({ length: requestsPerConnection }, (_, i) => `hit ${lane} ${i}`),
  );
  const serialize = (path: string): Buffer[][] =>
    queries.map((lane) => lane.map((query) => httpRequest(path, GATEWAY_KEY, bodyOf(size, query))));
  const requests = serialize('/v1/rerank');
  const others = (): Lane[] =>
    queries.map(([query = '']) => permuted('/v1/rerank', GATEWAY_KEY, size, query));
  const open = async (
    name: string,
    server: Server,
    lanes: readonly Lane[],
    check = ok,
  ): Promise<Contestant> => ({
    name,
    load: await openLoad(server, lanes, check),
  });

  let answerBytes = 0;
  for (const { gateway } of stage.gateways) answerBytes = await prepare(gateway, requests);
  for (const peer of Object.values(stage.peers)) await prepare(peer, requests);
  const bare = serialize(`/${answerBytes}`);
  const contestants: Contestant[] = [];
  for (const digest of DIGESTS) {
    contestants.push(await open(`bare server, ${digest}`, stage.bare[digest], bare.map(inTurn)));
  }
  for (const [name, peer] of Object.entries(stage.peers)) {
    contestants.push(await open(name, peer, requests.map(inTurn), expecting('; hit')));
  }
  for (const { name, gateway, forgetful } of stage.gateways) {
    const of = (what: string): string => (name === '' ? what : `${what}, ${name}`);
    const [memory, redis] = [expecting('detail=memory'), expecting('detail=redis')];
    contestants.push(
      await open(of('exact bytes'), gateway, requests.map(inTurn), memory),
      await open(of('permuted'), gateway, others(), memory),
      await open(of('from Redis'), forgetful, requests.map(inTurn), redis),
    );
  }
  return contestants;
};

/** Has every request scored once, which fills its caches; the size of an answer, bytes. */
const prepare = async (server: Server, requests: readonly (readonly Buffer[])[]): Promise<number> => {
  const connection = await Connection.open(server.port);
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

async function* compete(
  size: Size,
  contestants: readonly Contestant[],
  { pairs, roundMs, warmUpMs }: Effort,
): AsyncGenerator<HitFigures> {
  const rounds: Round[][] = contestants.map(() => []);
  for (const { load } of contestants) await load.round(warmUpMs);
  for (let i = 0; i < pairs; i++) {
    for (const [place, { load }] of contestants.entries()) rounds[place]!.push(await load.round(roundMs));
  }
  const yardstick = rounds[0]!;
  for (const [place, { name }] of contestants.entries()) {
    const own = rounds[place]!;
    const of = (figure: keyof Round): number => median(own.map((round) => round[figure]));
    const ratios = own.map(({ perSecond }, i) => perSecond / yardstick[i]!.perSecond);
    yield {
      size: nameOf(size),
      contestant: name,
      perSecond: of('perSecond'),
      ratio: median(ratios),
      quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
      cpuRatio: median(own.map(({ cpuUs }, i) => yardstick[i]!.cpuUs / cpuUs)),
      cpuUs: of('cpuUs'),
      p50: of('p50'),
      p99: of('p99'),
      generatorBusy: of('generatorBusy'),
    };
  }
}
