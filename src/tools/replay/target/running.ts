/** A gateway that is running already. */

import { request } from 'undici';
import { ANY_CLIENT } from '../keys.ts';
import { usageBetween } from '../metrics.ts';
import type { Target } from './target.ts';

export interface RunningOptions {
  readonly url: string;
  readonly keys: ReadonlyMap<string, string>;
  readonly metricsToken: string | undefined;
}

const SCRAPE_TIMEOUT_MS = 10_000;

export const useRunning = async ({ url, keys, metricsToken }: RunningOptions): Promise<Target> => {
  const scrape = async (): Promise<string | undefined> => {
    try {
      const { statusCode, body } = await request(`${url}/metrics`, {
        headers: metricsToken === undefined ? {} : { authorization: `Bearer ${metricsToken}` },
        signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS),
      });
      const text = await body.text();
      return statusCode === 200 && text.includes('gateway_upstream_requests_total') ? text : undefined;
    } catch {
      return undefined;
    }
  };
  const before = await scrape();
  return {
    urls: [url],
    keyOf: (client) => keys.get(client) ?? keys.get(ANY_CLIENT)!,
    own: undefined,
    async usage() {
      const after = before && (await scrape());
      return before && after ? usageBetween(before, after) : undefined;
    },
    died: new Promise(() => {}),
    stop: async () => {},
  };
};
