/** One probe from the command line to the exit code. */

import { randomBytes } from 'node:crypto';
import { startSimulator } from '../../simulator/server.ts';
import { createCaller } from './caller.ts';
import { HELP } from './help.ts';
import { type Options, parseOptions, UsageError } from './options.ts';
import { plan } from './plan.ts';
import { probe } from './probe.ts';
import { report } from './report.ts';

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
  const caller = createCaller({ url, key, timeoutMs });
  try {
    const calls = plan(models);
    note(`probing ${name} with ${calls.length} calls, one after the other`);
    const { observations, notes } = await probe({ calls, call: caller.call });
    const { host, hostname } = new URL(url);
    const { lines, complete } = report({ models, observations, tolerance, secrets: [key, host, hostname] });
    for (const line of [...lines, ...notes]) out(line);
    return complete ? 0 : 1;
  } finally {
    await caller.close();
    await close();
  }
};

const simulated = async (models: readonly string[]) => {
  const key = randomBytes(24).toString('base64url');
  const limits = Object.fromEntries(models.map((model) => [model, 250]));
  const { url, close } = await startSimulator({ keys: { [key]: {} }, limits });
  return { url, key, name: 'the built-in simulator, whose scores are lexical', close };
};
