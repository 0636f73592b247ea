import { hostname } from 'node:os';
import { readClients } from './clients.ts';
import { lookup, reachable, readGranularity, readModels } from './models.ts';
import type { Problem } from './problems.ts';
import { warnOfMisspelt } from './spelling.ts';
import { type Environment, trimmed } from './text.ts';
import type { Config } from './types.ts';
import { attached, readAliases, readUpstreams } from './upstreams.ts';
import { NAMES, readVariables, type Variables } from './variables.ts';

export { describeConfig } from './describe.ts';
export { formatProblems, type Problem } from './problems.ts';
export type { Client, Config, Granularity, Upstream } from './types.ts';

export type ConfigResult =
  | {
      readonly ok: true;
      readonly config: Config;
      /** Settings that were ignored or repaired. */
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const MEGABYTE = 1024 * 1024;

/**
 * The whole environment as a frozen Config, or everything that is wrong with it. Never throws.
 * Without NODE_ENV the mode is production, which refuses unsafe settings.
 * @param host names this process where no DYNO is set
 */
export function parseConfig(env: Environment, host = { hostname: hostname() }): ConfigResult {
  const problems: Problem[] = [];
  const report = (variable: string, message: string): void => {
    problems.push({ variable, message });
  };
  const warnings: Problem[] = [];
  const warn = (variable: string, message: string): void => {
    warnings.push({ variable, message });
  };
  const given = trimmed(env);
  const production = given.NODE_ENV !== 'development' && given.NODE_ENV !== 'test';
  const variables = readVariables(given, report);
  const { limits: declared, tokens } = readModels(given, report);
  const granularity = readGranularity(given, declared, report);
  const aliases = readAliases(given, report);
  const upstreams = readUpstreams(given, { aliases, production, models: declared }, report, warn);
  const taken = secrets(given, aliases);
  const clients = readClients(given, { models: declared, taken }, report);

  if (!given.GATEWAY_KEYS && (production || attached(given, aliases).length > 0)) {
    report(
      'GATEWAY_KEYS',
      'is required, like search:KEY,chatbot:KEY: without it anybody could use the upstream',
    );
  }
  if (variables && variables.MAX_BUFFER_MB < variables.MAX_BODY_MB) {
    report(
      'MAX_BUFFER_MB',
      `must not be less than MAX_BODY_MB, which is ${variables.MAX_BODY_MB}: the largest body allowed would never fit`,
    );
  }
  const lender = taken.get(given.METRICS_TOKEN ?? '') ?? 'METRICS_TOKEN';
  if (lender !== 'METRICS_TOKEN') report('METRICS_TOKEN', `must not be the value of ${lender}`);
  if (!variables || problems.length > 0) return { ok: false, problems };

  const models = reachable(declared, upstreams);
  const unreached = [...declared.keys()].filter((name) => !models.has(name));
  if (given.MODEL_LIMITS && unreached.length > 0) {
    warn('MODEL_LIMITS', `no attachment serves ${unreached.join(', ')}`);
  }
  warnOfMisspelt(given, known(aliases), warn);
  return {
    ok: true,
    warnings,
    config: deepFreeze({
      production,
      host: variables.HOST,
      port: variables.PORT,
      dyno: variables.DYNO ?? host.hostname,
      release: variables.HEROKU_RELEASE_VERSION,
      commit: variables.HEROKU_BUILD_COMMIT ?? variables.HEROKU_SLUG_COMMIT,
      upstreams,
      modelLimits: lookup(models),
      modelTokens: lookup([...tokens].filter(([name]) => models.has(name))),
      rateWindowMs: variables.RATE_WINDOW_MS,
      clients,
      redis: variables.REDIS_URL ? { url: variables.REDIS_URL, prefix: variables.REDIS_PREFIX } : undefined,
      cache: {
        ...cacheSizes(variables),
        granularity: lookup([...granularity].filter(([name]) => models.has(name))),
        scope: variables.CACHE_SCOPE,
      },
      verifyRate: variables.VERIFY_RATE,
      upstreamFirewall: variables.UPSTREAM_FIREWALL,
      maxWaitMs: variables.MAX_WAIT_MS,
      maxQueue: variables.MAX_QUEUE,
      maxBodyBytes: Math.floor(variables.MAX_BODY_MB * MEGABYTE),
      maxBufferBytes: Math.floor(variables.MAX_BUFFER_MB * MEGABYTE),
      stallMs: variables.STALL_SECONDS * 1000,
      drainDelayMs: variables.DRAIN_DELAY_SECONDS * 1000,
      corsOrigins: variables.CORS_ORIGINS,
      metricsToken: variables.METRICS_TOKEN,
      logLevel: variables.LOG_LEVEL,
    }),
  };
}

/** Variables that are read elsewhere. */
const OTHERS = [
  ...['NODE_ENV', 'UPSTREAMS', 'MODEL_LIMITS', 'GATEWAY_KEYS', 'CACHE_GRANULARITY'],
  'CORS_ORIGINS',
];

const known = (aliases: readonly string[]): ReadonlySet<string> =>
  new Set([
    ...NAMES,
    ...OTHERS,
    ...['RERANK', ...aliases].flatMap((alias) => [`${alias}_URL`, `${alias}_KEY`, `${alias}_MODEL_ID`]),
  ]);

const cacheSizes = (variables: Variables) => ({
  ttlMs: variables.CACHE_TTL_SECONDS * 1000,
  staleMs: variables.CACHE_STALE_SECONDS * 1000,
  memoryBytes: Math.floor(variables.CACHE_MEMORY_MB * MEGABYTE),
});

/** Every secret that is no gateway key, and the variable that holds it; if there are two, the upstream's. */
const secrets = (env: Environment, aliases: readonly string[]): Map<string, string> =>
  new Map(
    ['METRICS_TOKEN', ...aliases.map((alias) => `${alias}_KEY`)].flatMap((variable) => {
      const secret = env[variable];
      return secret ? [[secret, variable] as const] : [];
    }),
  );

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
