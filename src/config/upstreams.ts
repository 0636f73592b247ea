import { isServed, servedNames } from './models.ts';
import { complainAbout, type Report } from './problems.ts';
import { type Environment, entries, MAX_SECRET_LENGTH, VISIBLE_ASCII } from './text.ts';
import type { Upstream } from './types.ts';
import { readUpstreamUrl } from './urls.ts';

/** Each has a window and a connection pool of its own, and is a label value of many series. */
const MOST_UPSTREAMS = 10;

/** The well-formed aliases of UPSTREAMS, each once. */
export function readAliases(env: Environment, report: Report): string[] {
  const aliases = new Set<string>();
  const list = entries(env.UPSTREAMS ?? 'RERANK');
  if (list.length === 0) report('UPSTREAMS', 'must name an attachment, like RERANK');
  if (list.length > MOST_UPSTREAMS) {
    report('UPSTREAMS', `may name ${MOST_UPSTREAMS} attachments at most`);
    return [];
  }
  for (const [index, alias] of list.entries()) {
    if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(alias)) {
      report(
        'UPSTREAMS',
        `entry ${index + 1} must be an alias from capital letters, digits and _, like RERANK_EU`,
      );
    } else if (aliases.has(alias)) report('UPSTREAMS', `entry ${index + 1} names an alias a second time`);
    else aliases.add(alias);
  }
  return [...aliases];
}

/** The aliases with at least one variable set that is needed for calls. None = nothing to protect. */
export const attached = (env: Environment, aliases: readonly string[]): string[] =>
  aliases.filter((alias) => env[`${alias}_URL`] ?? env[`${alias}_KEY`]);

/** Part of the alias that Heroku gives to an attachment by default. */
const INFERENCE = /(INFERENCE|RERANK)/;

/** Aliases that look like attachments of Heroku Inference, but are not in UPSTREAMS. */
export const unnamed = (env: Environment, aliases: readonly string[]): string[] =>
  Object.keys(env)
    .filter((name) => name.endsWith('_URL'))
    .map((name) => name.slice(0, -'_URL'.length))
    .filter((alias) => INFERENCE.test(alias) && env[`${alias}_KEY`] && !aliases.includes(alias));

export interface UpstreamRules {
  readonly aliases: readonly string[];
  readonly production: boolean;
  readonly models: ReadonlyMap<string, number>;
}

/** The attachments that are given completely and correctly. None, and no problem, means development without an upstream. */
export function readUpstreams(
  env: Environment,
  { aliases, production, models }: UpstreamRules,
  report: Report,
  warn: Report,
): Upstream[] {
  const needed = production || attached(env, aliases).length > 0;
  const [other] = unnamed(env, aliases);
  const hint = other
    ? `; ${other}_URL is set: attach the add-on with --as ${aliases[0] ?? 'RERANK'}, or set UPSTREAMS=${other}`
    : production
      ? ' (with NODE_ENV=development a built-in simulator stands in)'
      : '';
  if (other && (!needed || attached(env, aliases).length > 0)) {
    warn(`${other}_URL`, 'belongs to an attachment that UPSTREAMS does not name: it is not used');
  }
  const upstreams: Upstream[] = [];
  for (const alias of aliases) {
    const [urlName, keyName, modelName] = [`${alias}_URL`, `${alias}_KEY`, `${alias}_MODEL_ID`];
    const [url, key, modelId] = [env[urlName], env[keyName], env[modelName]];
    if (needed && !url) report(urlName, `is required, the upstream's base URL${hint}`);
    if (needed && !key) report(keyName, `is required, the upstream's key${hint}`);
    if (key && (!VISIBLE_ASCII.test(key) || key.length > MAX_SECRET_LENGTH)) {
      report(
        keyName,
        `must be up to ${MAX_SECRET_LENGTH} characters of visible ASCII, without white space: it travels in a header`,
      );
    }
    if (modelId && !isServed(models, modelId)) {
      report(modelName, `must be a model served, ${servedNames(models)}`);
    }
    const complain = complainAbout(report, urlName);
    const base =
      url && readUpstreamUrl(url, { production, complain, warn: (message) => warn(urlName, message) });
    if (base && key) upstreams.push({ alias, url: base, key, modelId });
  }
  return withOneBudgetAKey(upstreams, report, warn);
}

/**
 * A key has one limit per model, under however many aliases it is attached. Aliases with the same key and address are one
 * attachment, named by the first of them.
 */
function withOneBudgetAKey(upstreams: readonly Upstream[], report: Report, warn: Report): Upstream[] {
  let kept: readonly Upstream[] = [];
  for (const upstream of upstreams) {
    const { alias, url, key, modelId } = upstream;
    const twins = kept.filter((other) => other.key === key && overlap(other, upstream));
    const [first] = twins;
    if (first === undefined) {
      kept = [...kept, upstream];
    } else if (twins.some((twin) => twin.url !== url)) {
      report(
        `${alias}_KEY`,
        `is the value of ${first.alias}_KEY with another URL: a key has one budget, so name one of them`,
      );
    } else {
      warn(`${alias}_KEY`, `is the value of ${first.alias}_KEY: they share one budget, as ${first.alias}`);
      const same = twins.every((twin) => twin.modelId === modelId);
      const joined = { ...first, modelId: same ? modelId : undefined };
      kept = kept
        .filter((other) => other === first || !twins.includes(other))
        .map((other) => (other === first ? joined : other));
    }
  }
  return [...kept];
}

/** Whether there is a model that both serve. */
const overlap = (a: Upstream, b: Upstream): boolean =>
  a.modelId === undefined || b.modelId === undefined || a.modelId === b.modelId;
