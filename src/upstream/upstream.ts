/** Makes the call. The end of the column: each call that arrives here costs a permit and money. */

import { type Dispatcher, Pool } from 'undici';
import type { Call, ItemCall, ItemService, Source } from '../calls/call.ts';
import type { Wire } from '../calls/endpoint.ts';
import { RerankError, toRerankError } from '../calls/errors.ts';
import { FirewallRefusal } from '../calls/firewall-refusal.ts';
import type { Values } from '../calls/values.ts';
import { answerText } from './answer-text.ts';
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

interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
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
          pool: pool.compose(announced),
          path: pathname.replace(/\/$/, ''),
          authorization: `Bearer ${key}`,
        },
      ];
    }),
  );

  const send = async (
    call: Call,
    { path, body: content, most: mostOfAnswer }: { path: string; body: string | Buffer; most: number },
  ): Promise<RawReply> => {
    const line = lines.get(call.attachment ?? '');
    if (line === undefined) throw new RerankError('internal', undefined, { cause: 'no such attachment' });
    if (call.terms.signal.aborted) throw toRerankError(call.terms.signal.reason);
    let sent = false;
    const onSend = (): void => {
      if (sent) return;
      sent = true;
      call.onSend?.();
    };
    // As bytes: a string would be kept in memory beside the bytes that are made of it.
    const body = typeof content === 'string' ? Buffer.from(content) : content;
    const release = hold(body.length);
    try {
      const request = line.pool.request({
        onSend,
        method: 'POST',
        path: `${line.path}${path}`,
        headers: {
          authorization: line.authorization,
          'content-type': 'application/json',
          ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
        },
        body,
        signal: call.terms.signal,
      } as AnnouncedOptions);
      // Released when the request settles: undici keeps an aborted one in memory until it gets a connection.
      request.then(release, release);
      const { statusCode: status, headers, body: chunks } = await orAborted(request, call.terms.signal);
      const most = status === 200 ? mostOfAnswer : MAX_REFUSAL_BYTES;
      return { status, headers, body: await answerText(chunks, headers['content-encoding'], most) };
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
          timing: { cacheMs: 0, queueMs: 0, upstreamMs: performance.now() - started },
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

/** undici notices the signal of a request that waits for a connection only when it gets one. */
const orAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });

type AnnouncedOptions = Dispatcher.RequestOptions & { readonly onSend: () => void };

/**
 * Calls a request's `onSend` when it is about to be written to a connection. Until then it waits for one, and a caller that
 * leaves has cost nothing. A request whose signal is aborted by then is ended by its own handler without being written.
 */
const announced: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(options, {
    onRequestStart(controller, context) {
      handler.onRequestStart?.(controller, context);
      if (!controller.aborted) (options as unknown as AnnouncedOptions).onSend();
    },
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  });

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
