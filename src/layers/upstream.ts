/** Makes the call. The end of the column: everything that reaches it costs a slot and money. */

import { Pool } from 'undici';
import { RerankError, toRerankError } from '../rerank/errors.ts';
import type { Ask, Scorer, Scores, Source } from '../rerank/scoring.ts';
import { rateLimitHeaders, readAnswer, readRefusal, requestBody } from './heroku-wire.ts';

export interface Attachment {
  readonly alias: string;
  /** Base URL without a trailing slash, path included. */
  readonly url: string;
  readonly key: string;
}

export interface UpstreamOptions {
  readonly attachments: readonly Attachment[];
  /** The longest that an upstream may take to begin, or to go on with, an answer, milliseconds. */
  readonly timeoutMs: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export interface UpstreamScorer extends Scorer {
  close(): Promise<void>;
}

/** 1,000 results of ~60 bytes each; whatever is much larger is no rerank answer. */
const MAX_ANSWER_BYTES = 1_000_000;

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export const upstream = ({ attachments, timeoutMs, now = Date.now }: UpstreamOptions): UpstreamScorer => {
  const lines = new Map(
    attachments.map(({ alias, url, key }) => {
      const { origin, pathname } = new URL(url);
      const pool = new Pool(origin, {
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        maxResponseSize: MAX_ANSWER_BYTES,
      });
      return [
        alias,
        { pool, path: `${pathname.replace(/\/$/, '')}/v1/rerank`, authorization: `Bearer ${key}` },
      ];
    }),
  );

  const send = async (ask: Ask): Promise<Reply> => {
    const line = lines.get(ask.attachment ?? '');
    if (line === undefined) throw new RerankError('internal', undefined, { cause: 'no such attachment' });
    ask.onSend?.();
    try {
      const { statusCode, headers, body } = await line.pool.request({
        method: 'POST',
        path: line.path,
        headers: {
          authorization: line.authorization,
          'content-type': 'application/json',
          ...(ask.traceparent === undefined ? {} : { traceparent: ask.traceparent }),
        },
        body: requestBody(ask),
        signal: ask.terms.signal,
      });
      return { status: statusCode, headers, body: await body.text() };
    } catch (thrown) {
      if (ask.terms.signal.aborted) throw toRerankError(ask.terms.signal.reason);
      throw failure(thrown);
    }
  };

  return {
    async score(ask): Promise<Scores> {
      const started = performance.now();
      const reply = await send(ask);
      if (reply.status !== 200) throw readRefusal(reply.status, reply.headers, reply.body, now());
      const { values, searchUnits } = readAnswer(reply.body, ask.documents.length);
      return {
        values,
        sources: new Array<Source>(values.length).fill('upstream'),
        scoredAt: new Float64Array(values.length).fill(now()),
        searchUnits,
        stale: false,
        stored: false,
        timing: { cacheMs: 0, queueMs: 0, upstreamMs: performance.now() - started },
        rateLimit: rateLimitHeaders(reply.headers),
      };
    },
    async close() {
      await Promise.all([...lines.values()].map(({ pool }) => pool.destroy()));
    },
  };
};

const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT']);

/** What went wrong on the wire. The original error names the host, so it is kept for nobody to read. */
const failure = (thrown: unknown): RerankError => {
  const code = (thrown as { code?: unknown }).code;
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new RerankError('upstream_garbage');
  return new RerankError(TIMEOUTS.has(String(code)) ? 'deadline' : 'upstream_failed');
};
