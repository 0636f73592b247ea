/** One probe from the command line to the exit code. */

import { randomBytes } from 'node:crypto';
import { endpointOf } from '../../calls/served.ts';
import { startSimulator } from '../../simulator/server.ts';
import { createCaller } from './caller.ts';
import { CALLS_OF_AN_EMBEDDER, probeEmbedder } from './embeddings/probe.ts';
import { HELP } from './help.ts';
import { type Options, parseOptions, UsageError } from './options.ts';
import { MOST_CALLS, plan } from './plan.ts';
import { probe } from './probe.ts';
import { report } from './report.ts';
import { createTransport } from './transport.ts';

export interface Surroundings {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (line: string) => void;
  /** Prints lines that are not part of the result. */
  readonly note: (line: string) => void;
  /** The longest that an answer may take, milliseconds. Default: the time that Heroku's router waits. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;

export const run = async (surroundings: Surroundings): Promise<number> => {
  const { args, env, out, note } = surroundings;
  try {
    const options = parseOptions(args, env);
    if (options === 'help') {
      out(HELP);
      return 0;
    }
    return await probeAndReport(options, surroundings);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    note(`probe: ${thrown.message}`);
    return 2;
  }
};

const probeAndReport = async (
  { upstream, models, tolerance }: Options,
  { out, note, timeoutMs = TIMEOUT_MS }: Surroundings,
): Promise<number> => {
  const { url, key, name, close } = upstream
    ? { ...upstream, name: `the upstream of ${upstream.alias}`, close: async () => {} }
    : await simulated(models);
  const transport = createTransport({ url, key, timeoutMs });
  const { host, hostname } = new URL(url);
  const secrets = [key, host, hostname];
  const shown = (line: string): void => out(secrets.reduce((left, each) => left.replaceAll(each, '…'), line));
  const embedders = models.filter((model) => endpointOf(model) === 'embeddings');
  const rerankers = models.filter((model) => endpointOf(model) === 'rerank');
  const calls = rerankers.length > 0 ? plan(rerankers, MOST_CALLS - callsOf(embedders)) : [];
  let complete = true;
  try {
    note(`probing ${name} with ${calls.length + callsOf(embedders)} calls, one after the other`);
    if (rerankers.length > 0) {
      const { observations, notes } = await probe({ calls, call: createCaller(transport) });
      const reported = report({ models: rerankers, observations, tolerance, secrets });
      for (const line of [...reported.lines, ...notes]) out(line);
      complete = reported.complete;
    }
    for (const model of embedders) {
      const probed = await probeEmbedder(model, transport);
      for (const line of probed.lines) shown(line);
      complete &&= probed.complete;
    }
    return complete ? 0 : 1;
  } finally {
    await transport.close();
    await close();
  }
};

const callsOf = (embedders: readonly string[]): number => embedders.length * CALLS_OF_AN_EMBEDDER;

const simulated = async (models: readonly string[]) => {
  const key = randomBytes(24).toString('base64url');
  const limits = Object.fromEntries(models.map((model) => [model, 250]));
  const { url, close } = await startSimulator({ keys: { [key]: {} }, limits });
  return { url, key, name: 'the built-in simulator, whose scores are lexical', close };
};
