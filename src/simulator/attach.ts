/** The attachments that calls go to: those configured or, in development, a simulator started on the spot. */

import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Profile } from './unkind.ts';

/** One attachment of Heroku Inference. */
interface Upstream {
  readonly alias: string;
  readonly url: string;
  readonly key: string;
  readonly modelId: string | undefined;
}

export interface AttachOptions {
  readonly production: boolean;
  /** Those configured. */
  readonly upstreams: readonly Upstream[];
  readonly modelLimits: Readonly<Record<string, number>>;
  readonly modelTokens: Readonly<Record<string, number>>;
  readonly rateWindowMs: number;
}

export interface Attached {
  readonly upstreams: readonly Upstream[];
  closeSimulator(): Promise<void>;
}

/** About what a rerank call takes, milliseconds. */
const SIMULATED_LATENCY = [80, 240] as const;

/** @param unkind what goes wrong at the simulator */
export const attach = async (
  config: AttachOptions,
  log: Logger,
  unkind: Profile | undefined,
): Promise<Attached> => {
  if (config.upstreams.length > 0) return { upstreams: config.upstreams, closeSimulator: async () => {} };
  // The configuration has refused this already; nobody may ever be answered with made-up scores in production.
  if (config.production) throw new Error('No upstream is configured.');
  // Loaded only here: production never reads the simulator's code.
  const { startSimulator } = await import('./server.ts');
  const key = randomBytes(24).toString('base64url');
  const simulator = await startSimulator({
    keys: { [key]: {} },
    limits: config.modelLimits,
    tokenLimits: config.modelTokens,
    windowMs: config.rateWindowMs,
    latencyMs: SIMULATED_LATENCY,
    // Nobody asks for its calls, and a review app may live for weeks.
    remember: false,
    unkind,
  });
  log.warn('no RERANK_URL: answering from the built-in simulator, whose scores and vectors are lexical');
  return {
    upstreams: [{ alias: 'RERANK', url: simulator.url, key, modelId: undefined }],
    closeSimulator: () => simulator.close(),
  };
};
