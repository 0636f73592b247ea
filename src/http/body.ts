/** Reads a whole request body, within limits of size, time and the process's byte budget. */

import { Readable, type Transform } from 'node:stream';
import type { Context } from 'hono';
import type { ByteBudget, Claim } from '../calls/byte-budget.ts';
import { RerankError } from '../calls/errors.ts';
import type { GatewayEnv } from './context.ts';
import { decoderOf } from './decoding.ts';
import { invite } from './expect.ts';
import { GrowingBuffer } from './growing-buffer.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Milliseconds for the whole body to arrive. */
  readonly timeoutMs: number;
  readonly budget: ByteBudget;
  /** Milliseconds for which a slow body holds all the bytes that it has declared. */
  readonly declaredMs?: number;
}

export interface Body {
  readonly bytes: Buffer;
  /** The bytes held for the request. The caller of this function releases it. */
  readonly claim: Claim;
}

/** After this a body holds only the bytes that have come: a sender that declares megabytes and sends none must not block others. */
const DECLARED_MS = 2000;

/** The first buffer of a body: larger than most bodies, and small if nothing comes. */
const FIRST_BYTES = 16 * 1024;

/** The rest of the body is still under way: on a kept connection it would be read as the next request. */
const CLOSE = { headers: { Connection: 'close' } };

const tooLarge = (maxBytes: number): RerankError =>
  new RerankError('body_too_large', `The request body is larger than ${maxBytes} bytes.`, CLOSE);

const incomplete = (): RerankError =>
  new RerankError('invalid_request', 'The request body did not arrive whole.', CLOSE);

/** Takes the bytes of a body as they come. */
export interface Sink {
  /** Bytes that it takes now. */
  readonly capacity: number;
  /** False when there is not so much room. */
  append(chunk: Uint8Array): boolean;
  /** All that was appended. */
  take(): Buffer;
}

const received = new WeakMap<object, Promise<Body>>();

/** Passes on the body of a request that was read, or could not be read, before the request reaches the app. */
export const handOver = (incoming: object, body: Promise<Body>): void => {
  // Its rejection is handled where the body is used.
  body.catch(() => {});
  received.set(incoming, body);
};

/** Refuses a body that is too large, or for which there is no room, before it reads any of it if its length was declared. */
export const readBody = async (c: Context<GatewayEnv>, limits: BodyLimits): Promise<Body> => {
  const read = c.env?.incoming && received.get(c.env.incoming);
  if (read !== undefined) return read;
  const { maxBytes, timeoutMs, budget } = limits;
  const declared = lengthOf(c.req.header('content-length'));
  if (declared !== undefined && declared > maxBytes) throw tooLarge(maxBytes);
  const decoder = decoderOf(c.req.header('content-encoding'));
  const max = decoder ? maxBytes : (declared ?? maxBytes);
  const first = Math.min(FIRST_BYTES, max);
  const claim = budget.claim(declared ?? first);
  const buffer = new GrowingBuffer(first, max, (capacity) => {
    if (capacity > claim.bytes) claim.resize(capacity);
  });
  await fill(buffer, claim, limits, (append) => within(timeoutMs, c, decoder, append));
  return { bytes: buffer.take(), claim };
};

/** Reads a body into a sink. When it rejects, no bytes are held. */
export const fill = (
  sink: Sink,
  claim: Claim,
  { maxBytes, declaredMs = DECLARED_MS }: Pick<BodyLimits, 'maxBytes' | 'declaredMs'>,
  read: (append: (chunk: Uint8Array) => void) => Promise<void>,
): Promise<void> => {
  const slow = setTimeout(() => claim.resize(sink.capacity), declaredMs);
  const append = (chunk: Uint8Array): void => {
    if (!sink.append(chunk)) throw tooLarge(maxBytes);
  };
  return read(append).then(
    () => clearTimeout(slow),
    (thrown) => {
      clearTimeout(slow);
      claim.release();
      throw thrown;
    },
  );
};

const lengthOf = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;

/** Reads to the end. Rejects with what `append` throws, or as incomplete. */
const within = async (
  ms: number,
  c: Context<GatewayEnv>,
  decoder: Transform | undefined,
  append: (chunk: Uint8Array) => void,
): Promise<void> => {
  const read = (stream: Readable): Promise<void> =>
    decoder ? decoded(stream, decoder, append, ms) : flow(stream, append, ms);
  // A test without a server has no bindings.
  const { incoming, outgoing } = c.env ?? {};
  invite(outgoing);
  // Node's own stream if there is one: in a web stream, each chunk of one byte would cost hundreds.
  if (incoming !== undefined) return read(incoming);
  const { body } = c.req.raw;
  if (body === null) return;
  const stream = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  try {
    await read(stream);
  } finally {
    stream.destroy();
  }
};

/** Only decoded bytes are held: a decompression bomb ends the decoder with the first byte too many. */
const decoded = async (
  stream: Readable,
  decoder: Transform,
  append: (chunk: Uint8Array) => void,
  ms: number,
): Promise<void> => {
  // Ignored after the end: a complete request emits `close`, too.
  const breakOff = (): void => {
    if (!stream.readableEnded) decoder.destroy();
  };
  stream.once('error', breakOff).once('close', breakOff);
  stream.pipe(decoder);
  try {
    await flow(decoder, append, ms);
  } finally {
    stream.off('error', breakOff).off('close', breakOff);
    stream.unpipe(decoder);
    decoder.destroy();
    stream.resume();
  }
};

/** Never destroys the stream, which would close the connection before the answer is sent. The rest is discarded unread. */
export const flow = (stream: Readable, append: (chunk: Uint8Array) => void, ms: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      clearTimeout(timer);
      stream.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onData = (chunk: Uint8Array): void => {
      try {
        append(chunk);
      } catch (thrown) {
        settle(thrown);
      }
    };
    const onEnd = (): void => settle();
    // A connection that breaks while a body arrives is the caller's doing, not our failure.
    const onBroken = (): void => settle(incomplete());
    const timer = setTimeout(onBroken, ms);
    stream.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
    if (stream.destroyed) onBroken();
  });
