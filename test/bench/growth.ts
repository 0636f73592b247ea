/** Growth: hits of processes that know ever more pairs, all in turn. */

import { buildGateway, PRODUCTION_FLAGS } from '../support/build.ts';
import { median } from '../support/statistics.ts';
import { type Server, startServer } from './child.ts';
import { Connection } from './connection.ts';
import { expecting } from './expect.ts';
import { CONNECTIONS } from './hits.ts';
import { type Load, openLoad, type Round } from './load.ts';
import type { Effort } from './options.ts';
import { bodyOf, httpRequest, permuted } from './requests.ts';
import { nameOf, SIZES } from './sizes.ts';
import { GATEWAY_KEY, gatewayEnvironment, startUpstream } from './stage.ts';

export interface GrowthFigures {
  readonly pairs: number;
  readonly size: string;
  readonly perSecond: number;
  /** Requests/s ÷ those of the process that knows the fewest, in the same round. */
  readonly ratio: number;
  readonly cpuUs: number;
}

const LEAST = 1000;

/** Documents of a question with which memory is filled, and bytes of each. */
const FILLING = { documents: 1000, bytes: 20 };

const SIZE = SIZES[0]!;

export async function* growth({
  mostPairs,
  pairs,
  roundMs,
  warmUpMs,
}: Effort): AsyncGenerator<GrowthFigures> {
  const main = buildGateway();
  const servers: Server[] = [];
  const grown: { known: number; load: Load; rounds: Round[] }[] = [];
  try {
    const upstream = await startUpstream();
    servers.push(upstream);
    const { REDIS_URL: _, ...environment } = gatewayEnvironment(upstream.url, '');
    for (let known = LEAST; known <= mostPairs; known *= 10) {
      const server = await startServer([...PRODUCTION_FLAGS, main], environment);
      servers.push(server);
      const lanes = Array.from({ length: CONNECTIONS }, (_, lane) => `hit ${lane}`);
      await fill(server, known, lanes);
      const load = await openLoad(
        server,
        lanes.map((query) => permuted('/v1/rerank', GATEWAY_KEY, SIZE, query)),
        expecting('detail=memory'),
      );
      await load.round(warmUpMs);
      grown.push({ known, load, rounds: [] });
    }
    for (let i = 0; i < pairs; i++) {
      for (const { load, rounds } of grown) rounds.push(await load.round(roundMs));
    }
    for (const { known, rounds } of grown) {
      yield {
        pairs: known,
        size: nameOf(SIZE),
        perSecond: median(rounds.map(({ perSecond }) => perSecond)),
        ratio: median(rounds.map(({ perSecond }, i) => perSecond / grown[0]!.rounds[i]!.perSecond)),
        cpuUs: median(rounds.map(({ cpuUs }) => cpuUs)),
      };
    }
  } finally {
    for (const { load } of grown) load.close();
    for (const server of servers.reverse()) await server.stop();
  }
}

/** Has so many pairs scored, and after them what is asked, so that it is not what goes first. */
const fill = async ({ port }: Server, known: number, queries: readonly string[]): Promise<void> => {
  const connection = await Connection.open(port);
  const miss = expecting('fwd=miss; stored');
  try {
    for (let i = 0; i < known / FILLING.documents; i++) {
      miss(
        await connection.exchange(httpRequest('/v1/rerank', GATEWAY_KEY, bodyOf(FILLING, `filling ${i}`))),
      );
    }
    for (const query of queries) {
      miss(await connection.exchange(httpRequest('/v1/rerank', GATEWAY_KEY, bodyOf(SIZE, query))));
    }
  } finally {
    connection.close();
  }
};
