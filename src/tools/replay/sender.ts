/** Sends requests to a fleet of gateways, over persistent connections. */

import { Pool } from 'undici';
import type { Answer } from './answers/judge.ts';
import type { ReplayRequest } from './corpus.ts';

export interface SenderOptions {
  /** Base URLs; each request goes to one of them at random, as with Heroku's router. */
  readonly urls: readonly string[];
  readonly keyOf: (client: string) => string;
  /** The W3C trace context of a request; undefined: none is sent. */
  readonly traceparentOf: ((number: number) => string) | undefined;
}

export interface Sender {
  send(request: ReplayRequest, requestId: string): Promise<Answer>;
  /** Ends the requests under way. May be called again. */
  close(): Promise<void>;
}

/** Twice the time that Heroku's router waits: a later answer will not come. */
const TIMEOUT_MS = 60_000;

export const createSender = ({ urls, keyOf, traceparentOf }: SenderOptions): Sender => {
  const pools = new Map<string, { readonly pool: Pool; readonly path: string }[]>();

  // Every service has connections of its own, as in production. Their number is not limited: a request that waited here for
  // a free one would not be sent when it is due.
  const poolsOf = (client: string) => {
    const own =
      pools.get(client) ??
      urls.map((url) => {
        const { origin, pathname } = new URL(url);
        const pool = new Pool(origin, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
        return { pool, path: `${pathname.replace(/\/$/, '')}/v1/rerank` };
      });
    pools.set(client, own);
    return own;
  };

  return {
    async send({ number, client, model, query, documents, topN }, requestId) {
      const own = poolsOf(client);
      const { pool, path } = own[Math.floor(Math.random() * own.length)]!;
      const { statusCode, headers, body } = await pool.request({
        method: 'POST',
        path,
        headers: {
          authorization: `Bearer ${keyOf(client)}`,
          'content-type': 'application/json',
          'x-request-id': requestId,
          ...(traceparentOf ? { traceparent: traceparentOf(number) } : {}),
        },
        body: JSON.stringify({ model, query, documents, ...(topN === undefined ? {} : { top_n: topN }) }),
      });
      return { status: statusCode, headers, body: await body.text() };
    },
    async close() {
      await Promise.all([...pools.values()].flat().map(({ pool }) => pool.destroy()));
    },
  };
};
