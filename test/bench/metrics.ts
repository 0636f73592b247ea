/** Metrics: what a scrape that answers for the whole fleet costs, beside rendering the own registry. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startRedis } from '../support/redis.ts';
import { median, quantile } from '../support/statistics.ts';
import { childEnvironment, tieToUs } from './child.ts';
import type { Effort } from './options.ts';
import type { ScrapeFigures } from './processes/scrape.ts';
import type { Row } from './table.ts';

const DYNOS = [1, 3, 10, 30];

const TIMEOUT_MS = 60_000;

export async function* metrics({ scrapes }: Effort): AsyncGenerator<Row> {
  for (const { dynos, series, pairs } of await measure(scrapes)) {
    const fleet = pairs.map((pair) => pair.fleet);
    yield {
      bench: 'metrics, scrape',
      size: `${dynos} × ${series.toLocaleString('en')} series`,
      reference: `${median(pairs.map(({ own }) => own)).toFixed(2)} ms, own registry`,
      gateway: `${median(fleet).toFixed(2)} ms\np99 ${quantile(fleet, 0.99).toFixed(2)} ms`,
      compared: `× ${median(pairs.map((pair) => pair.fleet / pair.own)).toFixed(2)}\n+ ${median(pairs.map((pair) => pair.fleet - pair.own)).toFixed(2)} ms`,
    };
  }
}

/** In a process of its own, with nothing else in its event loop. */
const measure = async (scrapes: number): Promise<ScrapeFigures[]> => {
  const redis = await startRedis();
  try {
    const file = fileURLToPath(new URL('./processes/scrape.ts', import.meta.url));
    const running = promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', file, redis.url, String(scrapes), ...DYNOS.map(String)],
      { env: childEnvironment({}), timeout: TIMEOUT_MS, killSignal: 'SIGKILL' },
    );
    tieToUs(running.child);
    const { stdout } = await running;
    return JSON.parse(stdout) as ScrapeFigures[];
  } finally {
    await redis.kill();
  }
};
