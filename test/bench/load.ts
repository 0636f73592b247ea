/** A closed loop: every connection sends its next request as soon as it has the answer to the last. */

import { quantile } from '../support/statistics.ts';
import type { Server } from './child.ts';
import { Connection, type Reply } from './connection.ts';
import { cpuMs } from './cpu.ts';

export interface Round {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Share of the round in which this process, the load generator, was busy. */
  readonly generatorBusy: number;
  /** Processor time of the server for each request, microseconds; NaN where the system does not tell. */
  readonly cpuUs: number;
}

/** What a connection sends next. */
export type Lane = () => Buffer | readonly Buffer[];

/** Sends requests in turn, again and again. */
export const inTurn = (requests: readonly Buffer[]): Lane => {
  let count = 0;
  return () => requests[count++ % requests.length]!;
};

export interface Load {
  round(durationMs: number): Promise<Round>;
  close(): void;
}

/** @param check throws when an answer is not what is being measured */
export const openLoad = async (
  { pid, port }: Pick<Server, 'pid' | 'port'>,
  lanes: readonly Lane[],
  check: (reply: Reply) => void,
): Promise<Load> => {
  const connections = await Promise.all(lanes.map(() => Connection.open(port)));

  const drive = async (connection: Connection, next: Lane, end: number): Promise<number[]> => {
    const latencies: number[] = [];
    for (;;) {
      const request = next();
      const started = performance.now();
      if (started >= end) return latencies;
      check(await connection.exchange(request));
      latencies.push(performance.now() - started);
    }
  };

  return {
    async round(durationMs) {
      const started = performance.now();
      const idle = performance.eventLoopUtilization();
      const end = started + durationMs;
      const before = cpuMs(pid);
      const latencies = await Promise.all(connections.map((one, i) => drive(one, lanes[i]!, end)));
      const all = latencies.flat();
      return {
        perSecond: (1000 * all.length) / (performance.now() - started),
        p50: quantile(all, 0.5),
        p99: quantile(all, 0.99),
        generatorBusy: performance.eventLoopUtilization(idle).utilization,
        cpuUs: (1000 * (cpuMs(pid) - before)) / all.length,
      };
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
};
