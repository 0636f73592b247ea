import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { OpenCall } from './calls.ts';

/** An answer, before it is put on the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export const jsonReply = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({
  status,
  headers: { ...headers, 'content-type': 'application/json' },
  // A test's mutation may make undefined, which has no JSON.
  body: JSON.stringify(value) ?? '',
});

/** Shortest pause between two pieces of a slow body, in ms. */
const TICK_MS = 20;

function begin(res: ServerResponse, { status, headers, body }: Reply): Buffer {
  const bytes = Buffer.from(body);
  res.writeHead(status, { ...headers, 'content-length': bytes.length });
  return bytes;
}

/** The whole answer. */
export function send(res: ServerResponse, open: OpenCall, reply: Reply): void {
  const bytes = begin(res, reply);
  open.answered(reply.status);
  res.end(bytes);
}

/** Headers at once, then the body as time allows. */
export function sendSlowly(res: ServerResponse, open: OpenCall, reply: Reply, bytesPerSecond: number): void {
  const bytes = begin(res, reply);
  res.flushHeaders();
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    // By elapsed time, not by tick: timers run late on a busy machine, and the pace should hold nevertheless.
    const due = Math.floor(((performance.now() - start) / 1000) * bytesPerSecond);
    if (due >= bytes.length) {
      clearInterval(timer);
      open.answered(reply.status);
      res.end(bytes.subarray(sent));
    } else if (due > sent) {
      res.write(bytes.subarray(sent, due));
      sent = due;
    }
  }, TICK_MS);
  open.over.addEventListener('abort', () => clearInterval(timer), { once: true });
}

const ENCODERS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, 'x-unknown': Buffer.from };

export const encoded = ({ status, headers, body }: Reply, encoding: keyof typeof ENCODERS): Reply => ({
  status,
  headers: { ...headers, 'content-encoding': encoding },
  body: ENCODERS[encoding](Buffer.from(body)),
});

/** Bytes of a piece: fewer than a number has digits. */
const PIECE = 7;

/** Chunked, and in pieces that fall into the middle of everything. */
export function sendPiecewise(res: ServerResponse, open: OpenCall, { status, headers, body }: Reply): void {
  const bytes = Buffer.from(body);
  res.writeHead(status, headers);
  for (let at = 0; at < bytes.length; at += PIECE) res.write(bytes.subarray(at, at + PIECE));
  open.answered(status);
  res.end();
}

/** A TCP reset (RST), without a byte of an answer. */
export function reset(res: ServerResponse, open: OpenCall): void {
  open.cut();
  res.socket?.resetAndDestroy();
}

/**
 * Headers and half the body, then the end of the connection. With a FIN, not an RST: a reset may overtake what was sent,
 * and the caller would see no headers.
 */
export function sendHalf(res: ServerResponse, open: OpenCall, reply: Reply): void {
  const bytes = begin(res, reply);
  res.write(bytes.subarray(0, bytes.length >> 1), () => {
    open.cut();
    res.destroy();
  });
}
