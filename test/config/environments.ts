import { type Config, formatProblems, type Problem, parseConfig } from '../../src/config/config.ts';

export type Env = Record<string, string | undefined>;

export const KEY = 'gateway-key-0001';
export const OTHER_KEY = 'gateway-key-0002';
export const LIVE: Env = {
  RERANK_URL: 'https://eu.inference.heroku.com',
  RERANK_KEY: 'upstream-key',
  GATEWAY_KEYS: `search:${KEY}`,
};
export const DEV: Env = { NODE_ENV: 'development' };

export const configOf = (env: Env): Config => {
  const result = parseConfig(env, { hostname: 'machine' });
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.config;
};

export const problemsOf = (env: Env): readonly Problem[] => {
  const result = parseConfig(env);
  return result.ok ? [] : result.problems;
};

/** What an environment that starts is warned about, `VARIABLE message`. */
export const warningsOf = (env: Env): readonly string[] => {
  const result = parseConfig(env);
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.warnings.map(({ variable, message }) => `${variable} ${message}`);
};

export const faulty = (env: Env): string[] => problemsOf(env).map(({ variable }) => variable);
