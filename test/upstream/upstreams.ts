/** The upstream layer in front of a real simulator, for a test file as a whole. */

import { afterEach } from 'vitest';
import type { ItemCall, Service } from '../../src/calls/call.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';
import { connectUpstream, type UpstreamOptions } from '../../src/upstream/upstream.ts';
import { aCall, type CallOptions } from '../support/fakes.ts';

export const KEY = 'upstream-key-SECRET-1';
export const ALIAS = 'RERANK';
export const MODEL = 'cohere-rerank-3-5';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

/** Ends with the test. */
export const closing = (end: () => Promise<unknown>): void => void ends.push(end);

export interface Connected {
  readonly simulator: Simulator;
  readonly scorer: ReturnType<typeof connectTo>;
}

export interface ConnectOptions extends Pick<UpstreamOptions, 'hold' | 'connections'> {
  readonly simulator?: Partial<SimulatorOptions>;
  readonly key?: string;
  /** Milliseconds. */
  readonly timeoutMs?: number;
}

export const connectTo = (
  url: string,
  { key = KEY, timeoutMs = 10_000, simulator: _, ...options }: ConnectOptions = {},
): Service & { close(): Promise<void> } => {
  const upstream = connectUpstream({ attachments: [{ alias: ALIAS, url, key }], timeoutMs, ...options });
  closing(() => upstream.close());
  return { ...upstream.service(RERANK.wire), close: () => upstream.close() };
};

export const connect = async (options: ConnectOptions = {}): Promise<Connected> => {
  const simulator = await startSimulator({
    keys: { [KEY]: {}, 'amazon-only-SECRET-2': { models: ['amazon-rerank-1-0'] } },
    limits: { [MODEL]: 100, 'amazon-rerank-1-0': 100 },
    ...options.simulator,
  });
  closing(() => simulator.close());
  return { simulator, scorer: connectTo(simulator.url, options) };
};

/** An ask that holds a slot. */
export const slotted = (over: CallOptions = {}): ItemCall => aCall({ attachment: ALIAS, ...over });
