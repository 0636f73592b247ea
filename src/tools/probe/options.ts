/** Command line and environment → options of a probe, or what is wrong with them. Pure. */

import { parseArgs } from 'node:util';
import { endpointOf } from '../../calls/served.ts';
import { formatProblems, type Problem } from '../../config/config.ts';
import { readModels } from '../../config/models.ts';
import { type Environment, trimmed } from '../../config/text.ts';
import { readAliases, readUpstreams } from '../../config/upstreams.ts';
import { SCORE_TOLERANCE } from '../../endpoints/rerank/tolerance.ts';
import { CALLS_OF_AN_EMBEDDER } from './embeddings/probe.ts';
import { LEAST_CALLS, MOST_CALLS, MOST_MODELS } from './plan.ts';

export interface Options {
  /** Undefined: the simulator that ships with the gateway. */
  readonly upstream: { readonly alias: string; readonly url: string; readonly key: string } | undefined;
  readonly models: readonly string[];
  /** The largest difference of two scores that counts as none. */
  readonly tolerance: number;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const FLAGS = {
  model: { type: 'string', multiple: true },
  upstream: { type: 'string' },
  tolerance: { type: 'string' },
  simulator: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

export const parseOptions = (args: readonly string[], env: Environment): Options | 'help' => {
  const { help, model, upstream: alias, tolerance, simulator } = parse(args);
  if (help) return 'help';
  const given = trimmed(env);
  const problems: Problem[] = [];
  const report = (variable: string, message: string): void => void problems.push({ variable, message });
  const { limits: served } = readModels(given, report);
  const upstream = simulator ? undefined : attachment(given, served, alias, report);
  if (problems.length > 0) throw new UsageError(formatProblems(problems));
  const models = [...new Set(model ?? (upstream?.modelId ? [upstream.modelId] : reranking(served)))];
  if (models.some((name) => name.trim() === '')) throw new UsageError('--model must name a model');
  if (models.length > MOST_MODELS) {
    throw new UsageError(`more than ${MOST_MODELS} models are too many for one run: choose with --model`);
  }
  const calls = models.reduce((sum, name) => sum + leastCalls(name), 0);
  if (calls > MOST_CALLS) {
    throw new UsageError(`these models take more than ${MOST_CALLS} calls: choose fewer with --model`);
  }
  return { upstream, models, tolerance: readTolerance(tolerance) };
};

const leastCalls = (model: string): number =>
  endpointOf(model) === 'embeddings' ? CALLS_OF_AN_EMBEDDER : LEAST_CALLS;

const reranking = (served: ReadonlyMap<string, number>): string[] =>
  [...served.keys()].filter((model) => endpointOf(model) === 'rerank');

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: FLAGS }).values;
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
};

/** One attachment as the gateway reads it, without gateway keys and Redis, which a probe does not need. */
const attachment = (
  env: Environment,
  models: ReadonlyMap<string, number>,
  wanted: string | undefined,
  report: (variable: string, message: string) => void,
) => {
  const aliases = readAliases(env, report);
  const alias = wanted ?? aliases[0];
  if (alias === undefined) return undefined;
  if (!aliases.includes(alias)) throw new UsageError(`--upstream must be one of ${aliases.join(', ')}`);
  if (!env[`${alias}_URL`] && !env[`${alias}_KEY`]) {
    throw new UsageError(
      `${alias}_URL and ${alias}_KEY are not set, so there is no upstream to probe (--simulator shows what a report is like)`,
    );
  }
  const production = env.NODE_ENV !== 'development' && env.NODE_ENV !== 'test';
  return readUpstreams(env, { aliases: [alias], production, models }, report, () => {})[0];
};

const readTolerance = (text: string | undefined): number => {
  if (text === undefined) return SCORE_TOLERANCE;
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 0 && value < 1)) throw new UsageError('--tolerance must be a number from 0 and below 1');
  return value;
};
