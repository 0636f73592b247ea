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
  /** Bytes. */
  readonly length: number;
  /** To be called once. */
  take(): Buffer;
  /** Nothing refers any more to the bytes that were taken, so that they may be overwritten. */
  readonly giveBack?: (bytes: Buffer) => void;
  /** The bytes held for the request. Whoever takes the body releases it. */
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

/** Refuses a body that is too large, or for which there is no room, before it reads any of it if its length was declared. */
export const readBody = async (c: Context<GatewayEnv>, limits: BodyLimits): Promise<Body> => {
  const { maxBytes, budget } = limits;
  const declared = lengthOf(c.req.header('content-length'));
  if (declared !== undefined && declared > maxBytes) throw tooLarge(maxBytes);
  const decoder = decoderOf(c.req.header('content-encoding'));
  const max = decoder ? maxBytes : (declared ?? maxBytes);
  const first = Math.min(FIRST_BYTES, max);
  const claim = budget.claim(declared ?? first);
  const buffer = new GrowingBuffer(first, max, (capacity) => {
    if (capacity > claim.bytes) claim.resize(capacity);
  });
  await read(c, decoder, (stream) => whole(stream, buffer, claim, limits)).catch((thrown) => {
    claim.release();
    throw thrown;
  });
  const bytes = buffer.take();
  return { length: bytes.length, take: () => bytes, claim };
};

const lengthOf = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;

/** Finds the stream from which a body is read, and lets go of it afterwards. */
const read = async (
  c: Context<GatewayEnv>,
  decoder: Transform | undefined,
  from: (stream: Readable) => Promise<void>,
): Promise<void> => {
  const through = (stream: Readable): Promise<void> =>
    decoder ? decoded(stream, decoder, from) : from(stream);
  // A test without a server has no bindings.
  const { incoming, outgoing } = c.env ?? {};
  invite(outgoing);
  // Node's own stream if there is one: in a web stream, each chunk of one byte would cost hundreds.
  if (incoming !== undefined) return through(incoming);
  const { body } = c.req.raw;
  if (body === null) return;
  const stream = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  try {
    await through(stream);
  } finally {
    stream.destroy();
  }
};

/** Only decoded bytes are held: a decompression bomb ends the decoder with the first byte too many. */
const decoded = async (
  stream: Readable,
  decoder: Transform,
  from: (stream: Readable) => Promise<void>,
): Promise<void> => {
  // Ignored after the end: a complete request emits `close`, too.
  const breakOff = (): void => {
    if (!stream.readableEnded) decoder.destroy();
  };
  stream.once('error', breakOff).once('close', breakOff);
  stream.pipe(decoder);
  try {
    await from(decoder);
  } finally {
    stream.off('error', breakOff).off('close', breakOff);
    stream.unpipe(decoder);
    decoder.destroy();
    stream.resume();
  }
};

const whole = (stream: Readable, sink: Sink, claim: Claim, limits: BodyLimits): Promise<void> =>
  new Promise((resolve, reject) =>
    collect(stream, sink, claim, limits, (thrown) => (thrown === undefined ? resolve() : reject(thrown))),
  );

/**
 * Reads a stream to its end. Never destroys it, which would close the connection before the answer is sent: the rest is
 * discarded unread.
 * @param done called once, in the same step as the end is seen: with undefined, or with why there is no whole body
 */
export const collect = (
  stream: Readable,
  sink: Sink,
  claim: Claim,
  limits: BodyLimits,
  done: (thrown?: unknown) => void,
): void => {
  const collecting = new Collecting(stream, { sink, claim, done }, limits);
  // The listeners stay, for a late error of the stream would otherwise end the process.
  stream
    .on('data', (chunk: Uint8Array) => collecting.append(chunk))
    .on('end', () => collecting.settle())
    .on('error', () => collecting.breakOff());
  if (begun.push(collecting) === 1) setImmediate(watchBegun);
};

/** What has begun in this turn of the event loop. Most bodies have come whole by its end, and need not be watched. */
const begun: Collecting[] = [];

const watchBegun = (): void => {
  for (const collecting of begun.splice(0)) collecting.watch();
};

class Collecting {
  readonly #stream: Readable;
  readonly #limits: BodyLimits;
  /**
   * Undefined when all is over. A connection that is kept open keeps its last request, too, which must not keep the bytes, nor
   * whoever waited for them.
   */
  #open:
    | { readonly sink: Sink; readonly claim: Claim; readonly done: (thrown?: unknown) => void }
    | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    stream: Readable,
    open: { readonly sink: Sink; readonly claim: Claim; readonly done: (thrown?: unknown) => void },
    limits: BodyLimits,
  ) {
    this.#stream = stream;
    this.#open = open;
    this.#limits = limits;
  }

  append(chunk: Uint8Array): void {
    if (this.#open === undefined) return;
    try {
      if (!this.#open.sink.append(chunk)) this.settle(tooLarge(this.#limits.maxBytes));
    } catch (thrown) {
      this.settle(thrown);
    }
  }

  settle(thrown?: unknown): void {
    if (this.#open === undefined) return;
    const { done } = this.#open;
    this.#open = undefined;
    clearTimeout(this.#timer);
    done(thrown);
  }

  /** A connection that breaks while a body arrives is the caller's doing, not our failure. */
  breakOff(): void {
    if (this.#open !== undefined) this.settle(incomplete());
  }

  /** From now on sees that the rest comes in time, or never. */
  watch(): void {
    if (this.#open === undefined) return;
    this.#stream.on('close', () => this.breakOff());
    if (this.#stream.destroyed) {
      this.breakOff();
      return;
    }
    const { timeoutMs, declaredMs = DECLARED_MS } = this.#limits;
    const onLate = (): void => this.breakOff();
    const onSlow = (): void => {
      if (this.#open !== undefined) this.#open.claim.resize(this.#open.sink.capacity);
      this.#timer = setTimeout(onLate, timeoutMs - declaredMs);
    };
    this.#timer = declaredMs < timeoutMs ? setTimeout(onSlow, declaredMs) : setTimeout(onLate, timeoutMs);
  }
}
