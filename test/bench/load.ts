/** A closed loop: every connection sends its next request as soon as it has the answer to the last. */

import { quantile } from '../support/statistics.ts';
import { Connection, type Reply } from './connection.ts';

export interface Round {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Share of the round in which this process, the load generator, was busy. */
  readonly generatorBusy: number;
}

export interface Load {
  round(durationMs: number): Promise<Round>;
  close(): void;
}

/**
 * @param lanes the requests of each connection, which sends them in turn
 * @param check throws when an answer is not what is being measured
 */
export const openLoad = async (
  port: number,
  lanes: readonly (readonly Buffer[])[],
  check: (reply: Reply) => void,
): Promise<Load> => {
  const connections = await Promise.all(lanes.map(() => Connection.open(port)));

  const drive = async (
    connection: Connection,
    requests: readonly Buffer[],
    end: number,
  ): Promise<number[]> => {
    const latencies: number[] = [];
    for (let i = 0; ; i++) {
      const started = performance.now();
      if (started >= end) return latencies;
      check(await connection.exchange(requests[i % requests.length]!));
      latencies.push(performance.now() - started);
    }
  };

  return {
    async round(durationMs) {
      const started = performance.now();
      const idle = performance.eventLoopUtilization();
      const end = started + durationMs;
      const latencies = await Promise.all(connections.map((one, i) => drive(one, lanes[i]!, end)));
      const all = latencies.flat();
      return {
        perSecond: (1000 * all.length) / (performance.now() - started),
        p50: quantile(all, 0.5),
        p99: quantile(all, 0.99),
        generatorBusy: performance.eventLoopUtilization(idle).utilization,
      };
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
};
