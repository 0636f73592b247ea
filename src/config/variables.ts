import { z } from 'zod';
import { readRedisUrl } from '../redis/url.ts';
import type { Report } from './problems.ts';
import { aNumber, type Environment, entries, fraction, plainNumber, type Range, whole } from './text.ts';

const YEAR_SECONDS = 31_536_000;

/** A number, with its default as it would be written in the environment. */
const number = (range: Range, fallback: string, why = '') =>
  z
    .string()
    .transform((text, context) => {
      const value = plainNumber(text, range);
      if (value === undefined) context.addIssue(`must be ${aNumber(range)}${why}; ${fallback} when unset`);
      return value ?? z.NEVER;
    })
    .prefault(fallback);

/** A name becomes a label of every series. */
const NAME = /^[\x21-\x7e]{1,100}$/;

const word = (pattern: RegExp, error: string) => z.string().regex(pattern, { error });

const oneOf = <const T extends readonly [string, ...string[]]>(values: T, fallback: T[number]) =>
  z
    .enum(values, { error: `must be one of ${values.join(', ')}; ${fallback} when unset` })
    .prefault(fallback as never);

/** Origins in the form that browsers send (RFC 6454 §6.2), each once. */
const origins = (text: string): string[] | undefined => {
  const all = entries(text);
  const isOrigin = (entry: string): boolean =>
    /^https?:\/\//.test(entry) && URL.canParse(entry) && new URL(entry).origin === entry;
  return all.every(isOrigin) ? [...new Set(all)] : undefined;
};

/** The variables that can be read one by one. Lists, and variables that depend on others, have files of their own. */
const VARIABLES = z.object({
  HOST: word(/^[\w.:%-]+$/, 'must be an address or host name to listen on, like 0.0.0.0 or ::').prefault(
    '0.0.0.0',
  ),
  // 0 = any free port.
  PORT: number(whole(0, 65_535), '3000'),
  DYNO: word(
    NAME,
    'must be the name of this process in up to 100 characters of visible ASCII, like web.1',
  ).optional(),
  // Set by Heroku if the lab features runtime-dyno-metadata and, for the commit, runtime-dyno-build-metadata are on. The second
  // name of the commit is an older one.
  HEROKU_RELEASE_VERSION: word(
    NAME,
    'must be the name of a release in up to 100 characters of visible ASCII, like v42',
  ).optional(),
  HEROKU_BUILD_COMMIT: word(NAME, 'must be a commit in up to 100 characters of visible ASCII').optional(),
  HEROKU_SLUG_COMMIT: word(NAME, 'must be a commit in up to 100 characters of visible ASCII').optional(),
  RATE_WINDOW_MS: number(whole(100, 3_600_000), '60000'),
  REDIS_URL: z
    .string()
    .transform((text, context) => readRedisUrl(text, (message) => void context.addIssue(message)) ?? z.NEVER)
    .optional(),
  // Braces would make a hash tag, which only our keys may do; the other characters would match foreign keys in a SCAN.
  REDIS_PREFIX: word(
    /^[^\s{}[\]*?\\\p{Cc}]{1,100}$/u,
    'must have up to 100 characters, without white space and { } [ ] * ? \\',
  ).prefault('rerank:'),
  CACHE_TTL_SECONDS: number(whole(1, YEAR_SECONDS), '86400'),
  CACHE_STALE_SECONDS: number(whole(0, YEAR_SECONDS), '86400'),
  CACHE_MEMORY_MB: number(fraction(0, 65_536), '64'),
  CACHE_SCOPE: oneOf(['shared', 'client'], 'shared'),
  VERIFY_RATE: number(fraction(0, 1), '0.001'),
  UPSTREAM_FIREWALL: oneOf(['report', 'defang'], 'report'),
  // The last second is left for the answer's way back.
  MAX_WAIT_MS: number(whole(1, 29_000), '25000', " (Heroku's router gives up at 30000)"),
  // The bound is far more than can be served before the most patient callers leave; each entry holds a request.
  MAX_QUEUE: number(whole(1, 100_000), '1000'),
  // Not 0, since no body would fit. The lower bound is one kilobyte.
  MAX_BODY_MB: number(fraction(0.001, 64), '16'),
  MAX_BUFFER_MB: number(fraction(0.001, 65_536), '96'),
  STALL_SECONDS: number(whole(0, 3600), '10'),
  // The delay is part of the 25 s that a drain may take, and requests that still wait need the rest.
  DRAIN_DELAY_SECONDS: number(whole(0, 20), '0'),
  CORS_ORIGINS: z
    .string()
    .transform((text, context) => {
      const read = origins(text);
      if (read === undefined) {
        context.addIssue(
          'must be origins joined by commas, like https://app.example.com: scheme, host and, if unusual, port, in lower case',
        );
      }
      return read ?? z.NEVER;
    })
    .prefault(''),
  METRICS_TOKEN: word(
    /^[\x21-\x7e]{16,4096}$/,
    'must have at least 16 and at most 4096 characters of visible ASCII',
  ).optional(),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info'),
});

/** The names of these variables. */
export const NAMES: readonly string[] = Object.keys(VARIABLES.shape);

export type Variables = z.infer<typeof VARIABLES>;

/** Undefined when a problem was reported. */
export function readVariables(env: Environment, report: Report): Variables | undefined {
  const result = VARIABLES.safeParse(env);
  for (const issue of result.error?.issues ?? []) report(String(issue.path[0]), issue.message);
  return result.data;
}
