/** Makes the call. The end of the column: each call that arrives here costs a permit and money. */

import { Pool } from 'undici';
import { type Call, type ItemCall, type ItemService, NO_TIME, type Source } from '../calls/call.ts';
import type { Wire } from '../calls/endpoint.ts';
import { RerankError, toRerankError } from '../calls/errors.ts';
import { FirewallRefusal } from '../calls/firewall-refusal.ts';
import type { Body } from '../calls/item.ts';
import type { Values } from '../calls/values.ts';
import { answerText } from './answer-text.ts';
import { type Answer, exchange } from './exchange.ts';
import { rateLimitHeaders, readRefusal } from './refusal.ts';

export interface Attachment {
  readonly alias: string;
  /** Base URL without a trailing slash, path included. */
  readonly url: string;
  readonly key: string;
}

export interface UpstreamOptions {
  readonly attachments: readonly Attachment[];
  /** The longest wait for the beginning of an answer, or for its next bytes, milliseconds. */
  readonly timeoutMs: number;
  /** Counts the bytes of a call's body while it is sent. Returns the function that releases them. */
  readonly hold?: (bytes: number) => () => void;
  /** The most connections to each attachment. */
  readonly connections?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export interface Upstream {
  /** The service that makes an endpoint's calls. */
  service<V extends Values>(wire: Wire<V>): ItemService<V>;
  close(): Promise<void>;
}

/** The most bytes read of an error's body: it is a sentence, or a page whose text is of no use. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * Each connection carries one call at a time. 250 calls a minute of 25 s each, the longest wait, are 104 at a time: so this
 * is enough for two models at their worst. A call that finds no free connection waits, and its time limit runs.
 */
const CONNECTIONS = 256;

/** Smaller bodies are sent in one piece: a copy costs less than a write. Larger ones, in so many pieces at most. */
const SMALL_BYTES = 64 * 1024;
const MOST_PIECES = 8;

interface RawReply {
  readonly status: number;
  readonly headers: Answer['headers'];
  /** Undefined: too large for an answer, or it cannot be decoded. */
  readonly body: string | undefined;
}

export const connectUpstream = ({
  attachments,
  timeoutMs,
  hold = () => () => {},
  connections = CONNECTIONS,
  now = Date.now,
}: UpstreamOptions): Upstream => {
  const lines = new Map(
    attachments.map(({ alias, url, key }) => {
      const { origin, pathname } = new URL(url);
      const pool = new Pool(origin, {
        connections,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      return [
        alias,
        {
          pool,
          path: pathname.replace(/\/$/, ''),
          authorization: `Bearer ${key}`,
        },
      ];
    }),
  );

  const send = async (
    call: Call,
    { path, body: content, most }: { path: string; body: Body; most: number },
  ): Promise<RawReply> => {
    const line = lines.get(call.attachment ?? '');
    if (line === undefined) throw new RerankError('internal', undefined, { cause: 'no such attachment' });
    if (call.terms.signal.aborted) throw toRerankError(call.terms.signal.reason);
    let sent = false;
    const body = piecesOf(content);
    const bytes = Buffer.isBuffer(body) ? body.length : body.reduce((sum, { length }) => sum + length, 0);
    try {
      const {
        status,
        headers,
        body: answered,
      } = await exchange(line.pool, {
        path: `${line.path}${path}`,
        headers: {
          authorization: line.authorization,
          'content-type': 'application/json',
          'content-length': String(bytes),
          ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
        },
        body,
        signal: call.terms.signal,
        onSend() {
          if (sent) return;
          sent = true;
          call.onSend?.();
        },
        // The pieces of a request's body are counted with the request, which may be over before they are let go of.
        onOver: Buffer.isBuffer(body) ? hold(bytes) : (call.hold?.() ?? (() => {})),
        most: (status) => (status === 200 ? most : MAX_REFUSAL_BYTES),
      });
      const limit = status === 200 ? most : MAX_REFUSAL_BYTES;
      const text = answered && (await answerText(answered, headers['content-encoding'], limit));
      return { status, headers, body: text };
    } catch (thrown) {
      if (call.terms.signal.aborted) throw toRerankError(call.terms.signal.reason);
      if (sent) throw failure(thrown);
      // Nothing was sent, but it counts as sent: an unreachable upstream must not be tried more often than a reachable one.
      call.onSend?.();
      throw new RerankError('upstream_unreachable', undefined, wireCode(thrown));
    }
  };

  return {
    service: (wire) => ({
      async answer(call) {
        const started = performance.now();
        const { path, maxAnswerBytes: most } = wire;
        const reply = await send(call, { path, body: wire.request(call), most });
        if (reply.status !== 200) throw refusalOf(reply, call, now());
        if (reply.body === undefined)
          throw new RerankError('upstream_garbage', undefined, { upstreamStatus: 200 });
        const count = call.items.length;
        const { values, spent } = wire.answer(reply.body, call);
        return {
          values,
          sources: new Array<Source>(count).fill('upstream'),
          takenAt: new Float64Array(count).fill(now()),
          spent,
          stale: false,
          stored: false,
          timing: { ...NO_TIME, upstreamMs: performance.now() - started },
          rateLimit: rateLimitHeaders(reply.headers),
        };
      },
    }),
    async close() {
      await Promise.all([...lines.values()].map(({ pool }) => pool.destroy()));
    },
  };
};

const refusalOf = (
  { status, headers, body = '' }: RawReply,
  { identity }: Pick<ItemCall, 'identity'>,
  now: number,
): RerankError => {
  const refusal = readRefusal(status, headers, body, now);
  if (refusal.kind !== 'firewall_refused') return refusal;
  return new FirewallRefusal(identity.digests, { upstreamStatus: status, rateLimit: refusal.rateLimit });
};

/** As bytes: a string would be kept in memory beside the bytes that are made of it. */
const piecesOf = (body: Body): Buffer | readonly Buffer[] => {
  if (typeof body === 'string') return Buffer.from(body);
  const bytes = body.reduce((sum, { length }) => sum + length, 0);
  return bytes <= SMALL_BYTES || body.length > MOST_PIECES ? Buffer.concat(body, bytes) : body;
};

const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** What went wrong on the wire, by its code only: the original error names the host. */
const failure = (thrown: unknown): RerankError => {
  const details = wireCode(thrown);
  return new RerankError(
    TIMEOUTS.has(String(details.upstreamCode)) ? 'deadline' : 'upstream_failed',
    undefined,
    details,
  );
};

/** The code of a failure, from node (`ENOTFOUND`, `CERT_HAS_EXPIRED`) or undici: it tells a wrong host from a closed port. */
const wireCode = (thrown: unknown): { upstreamCode: string } => {
  const { code } = thrown as { code?: unknown };
  return { upstreamCode: typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'UNKNOWN' };
};
