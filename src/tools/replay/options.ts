/** The command line → options of a replay, or what is wrong with it. Pure. */

import { parseArgs } from 'node:util';
import { clientKeys } from './keys.ts';

export interface Options {
  readonly folder: string;
  readonly speed: number;
  /** Only so many requests, the first ones; undefined: all. */
  readonly limit: number | undefined;
  readonly target:
    | {
        readonly kind: 'own';
        readonly processes: number;
        readonly redisUrl: string | undefined;
        /** All models of the simulator score pairs, independent of the companion documents. */
        readonly pointwise: boolean;
      }
    | {
        readonly kind: 'running';
        readonly url: string;
        readonly keys: ReadonlyMap<string, string>;
        readonly metricsToken: string | undefined;
      };
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A window is a minute divided by the speed, within the bounds of the gateway's RATE_WINDOW_MS. */
const MINUTE_MS = 60_000;
const LEAST_WINDOW_MS = 100;
const MOST_WINDOW_MS = 3_600_000;

/** The length of the scaled minute, milliseconds. */
export const windowMs = (speed: number): number => Math.round(MINUTE_MS / speed);

const FLAGS = {
  speed: { type: 'string' },
  limit: { type: 'string' },
  url: { type: 'string' },
  keys: { type: 'string' },
  processes: { type: 'string' },
  redis: { type: 'string' },
  pointwise: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const parseOptions = (args: readonly string[], env: Environment): Options | 'help' => {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const [folder, ...others] = positionals;
  if (folder === undefined || others.length > 0) throw new UsageError('needs one DIR with the corpus');
  const speed = number('--speed', values.speed ?? '1');
  const limit = values.limit === undefined ? undefined : count('--limit', values.limit);
  return {
    folder,
    speed,
    limit,
    target: values.url === undefined ? own(values, speed) : running(values.url, values, env),
  };
};

type Values = ReturnType<typeof parse>['values'];

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
};

const own = (
  { processes = '1', redis, pointwise = false, keys }: Values,
  speed: number,
): Options['target'] => {
  if (keys !== undefined) throw new UsageError('--keys belongs to --url');
  const window = MINUTE_MS / speed;
  if (window < LEAST_WINDOW_MS || window > MOST_WINDOW_MS) {
    throw new UsageError(
      `--speed must be from ${MINUTE_MS / MOST_WINDOW_MS} to ${MINUTE_MS / LEAST_WINDOW_MS} without --url`,
    );
  }
  if (redis !== undefined && !(URL.canParse(redis) && /^rediss?:$/.test(new URL(redis).protocol))) {
    throw new UsageError('--redis must be a URL like redis://localhost:6379');
  }
  const gateways = count('--processes', processes);
  if (gateways > 1 && redis === undefined) throw new UsageError('--processes above 1 needs --redis URL');
  return { kind: 'own', processes: gateways, redisUrl: redis, pointwise };
};

const running = (text: string, values: Values, env: Environment): Options['target'] => {
  const { processes, redis, pointwise, keys } = values;
  if (processes !== undefined || redis !== undefined || pointwise) {
    throw new UsageError('--processes, --redis and --pointwise are for what is started here, not for --url');
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new UsageError('--url must be an http or https URL');
  const given = keys ?? env.GATEWAY_KEYS;
  if (!given) throw new UsageError('--url needs --keys search:KEY,chatbot:KEY,… or GATEWAY_KEYS');
  return {
    kind: 'running',
    url: (url.origin + url.pathname).replace(/\/+$/, ''),
    keys: clientKeys(given),
    metricsToken: env.METRICS_TOKEN || undefined,
  };
};

const number = (flag: string, text: string): number => {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && Number.isFinite(value))) throw new UsageError(`${flag} must be a number above 0`);
  return value;
};

const count = (flag: string, text: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${flag} must be a whole number from 1`);
  return Number(text);
};
