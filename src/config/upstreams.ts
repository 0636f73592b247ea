import { isServed, servedNames } from './models.ts';
import { complainAbout, type Report } from './problems.ts';
import { type Environment, parts, VISIBLE_ASCII } from './text.ts';
import type { Upstream } from './types.ts';
import { readUpstreamUrl } from './urls.ts';

/** The aliases of UPSTREAMS that are well formed, each once. */
export function readAliases(env: Environment, report: Report): string[] {
  const aliases = new Set<string>();
  for (const [index, alias] of parts(env.UPSTREAMS ?? 'RERANK', ',').entries()) {
    if (!/^[A-Z][A-Z0-9_]*$/.test(alias)) {
      report(
        'UPSTREAMS',
        `entry ${index + 1} must be an alias from capital letters, digits and _, like RERANK_EU`,
      );
    } else if (aliases.has(alias)) report('UPSTREAMS', `entry ${index + 1} names an alias a second time`);
    else aliases.add(alias);
  }
  return [...aliases];
}

/** The aliases of which anything is set that makes calls. None = nothing to protect. */
export const attached = (env: Environment, aliases: readonly string[]): string[] =>
  aliases.filter((alias) => env[`${alias}_URL`] ?? env[`${alias}_KEY`]);

export interface UpstreamRules {
  readonly aliases: readonly string[];
  readonly production: boolean;
  readonly models: ReadonlyMap<string, number>;
}

/** The attachments that are completely and correctly given. None, and no problem, means: development without any. */
export function readUpstreams(
  env: Environment,
  { aliases, production, models }: UpstreamRules,
  report: Report,
): Upstream[] {
  const needed = production || attached(env, aliases).length > 0;
  const hint = production ? ' (with NODE_ENV=development a built-in simulator stands in)' : '';
  const upstreams: Upstream[] = [];
  for (const alias of aliases) {
    const [urlName, keyName, modelName] = [`${alias}_URL`, `${alias}_KEY`, `${alias}_MODEL_ID`];
    const [url, key, modelId] = [env[urlName], env[keyName], env[modelName]];
    if (needed && !url) report(urlName, `is required, the upstream's base URL${hint}`);
    if (needed && !key) report(keyName, `is required, the upstream's key${hint}`);
    if (key && !VISIBLE_ASCII.test(key)) {
      report(keyName, 'must be visible ASCII without white space: it travels in a header');
    }
    if (modelId && !isServed(models, modelId)) {
      report(modelName, `must be a model served, ${servedNames(models)}`);
    }
    const base = url && readUpstreamUrl(url, production, complainAbout(report, urlName));
    if (base && key) upstreams.push({ alias, url: base, key, modelId });
  }
  return upstreams;
}
