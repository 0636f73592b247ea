import { endpointOf } from '../calls/served.ts';
import { complainAbout, type Report } from './problems.ts';
import { aNumber, type Environment, entries, parts, plainNumber, whole } from './text.ts';
import type { Granularity, Upstream } from './types.ts';

const DEFAULT_LIMITS = 'cohere-rerank-3-5=250,amazon-rerank-1-0=200,cohere-embed-multilingual=500/800000';
/** Every model is a label value of many series, for every client. */
const MOST_MODELS = 10;
const LIMIT = whole(1, 1_000_000);
const TOKEN_LIMIT = whole(1, 1_000_000_000);
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** The default: reuse by pair is safe only for models whose scores are known not to depend on the other documents. */
const SAFE: Granularity = 'request';
const KNOWN: ReadonlyMap<string, Granularity> = new Map([['cohere-rerank-3-5', 'document']]);

/** A text is embedded by itself, whatever stands beside it. */
const safeFor = (name: string): Granularity => (endpointOf(name) === 'embeddings' ? 'document' : SAFE);

/** A record in which a caller's `model` can be looked up: nothing is inherited, and `__proto__` is a name like any other. */
export const lookup = <T>(entries: Iterable<readonly [string, T]>): Record<string, T> =>
  Object.setPrototypeOf(Object.fromEntries(entries), null);

export interface Models {
  /**
   * The models of MODEL_LIMITS with the calls per window that one attachment allows.
   * A model whose number is wrong is in it too (as 0), so that its name isn't called unknown elsewhere.
   */
  readonly limits: ReadonlyMap<string, number>;
  /** The tokens per window, of those that have such a limit. */
  readonly tokens: ReadonlyMap<string, number>;
}

export function readModels(env: Environment, report: Report): Models {
  const complain = complainAbout(report, 'MODEL_LIMITS');
  const models = new Map<string, number>();
  const tokenLimits = new Map<string, number>();
  const list = entries(env.MODEL_LIMITS ?? DEFAULT_LIMITS);
  if (list.length === 0) complain('must name a model, like cohere-rerank-3-5=250');
  if (list.length > MOST_MODELS) complain(`may name ${MOST_MODELS} models at most`);
  for (const [index, part] of list.slice(0, MOST_MODELS).entries()) {
    const entry = `entry ${index + 1}`;
    const [name = '', numbers, ...rest] = parts(part, '=');
    if (!NAME.test(name) || numbers === undefined || rest.length > 0) {
      complain(`${entry} must be name=number, the name from letters, digits, dot, _ and -`);
      continue;
    }
    const [number = '', tokens, ...more] = parts(numbers, '/');
    if (name === 'other') complain(`${entry}: the name "other" is taken, for unknown models in metrics`);
    if (models.has(name)) complain(`${entry} names a model a second time`);
    const limit = plainNumber(number, LIMIT);
    if (limit === undefined || more.length > 0) complain(`${entry}: the limit must be ${aNumber(LIMIT)}`);
    models.set(name, limit ?? 0);
    if (tokens === undefined) continue;
    const most = plainNumber(tokens, TOKEN_LIMIT);
    if (most === undefined) complain(`${entry}: the tokens after the slash must be ${aNumber(TOKEN_LIMIT)}`);
    else tokenLimits.set(name, most);
  }
  return { limits: models, tokens: tokenLimits };
}

/** True when no model is served: MODEL_LIMITS reports that, and not every variable that names a model. */
export const isServed = (models: ReadonlyMap<string, number>, name: string): boolean =>
  models.size === 0 || models.has(name);

export const servedNames = (models: ReadonlyMap<string, number>): string =>
  `MODEL_LIMITS has ${[...models.keys()].join(', ')}`;

/** Older plans tie an attachment to one model: a model that no attachment serves is not served by the gateway, either. */
export function reachable(
  models: ReadonlyMap<string, number>,
  upstreams: readonly Upstream[],
): ReadonlyMap<string, number> {
  const reached = (name: string) =>
    upstreams.some(({ modelId }) => modelId === undefined || modelId === name);
  return upstreams.length === 0 ? models : new Map([...models].filter(([name]) => reached(name)));
}

const isGranularity = (text: string | undefined): text is Granularity =>
  text === 'document' || text === 'request' || text === 'off';

/** CACHE_GRANULARITY, with defaults: one entry for every model. */
export function readGranularity(
  env: Environment,
  models: ReadonlyMap<string, number>,
  report: Report,
): ReadonlyMap<string, Granularity> {
  const complain = complainAbout(report, 'CACHE_GRANULARITY');
  const chosen = new Map<string, Granularity>();
  for (const [index, part] of entries(env.CACHE_GRANULARITY ?? '').entries()) {
    const entry = `entry ${index + 1}`;
    const [name = '', value, ...rest] = parts(part, '=');
    if (!isGranularity(value) || rest.length > 0) {
      complain(`${entry} must be model=document, model=request or model=off`);
    } else if (!isServed(models, name)) complain(`${entry}: no such model, ${servedNames(models)}`);
    else if (chosen.has(name)) complain(`${entry} names a model a second time`);
    else chosen.set(name, value);
  }
  return new Map(
    [...models.keys()].map((name) => [name, chosen.get(name) ?? KNOWN.get(name) ?? safeFor(name)]),
  );
}
