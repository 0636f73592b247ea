/** Reads a request body whole, within a size and a time. */

import { isUtf8 } from 'node:buffer';
import type { Context } from 'hono';
import { RerankError } from '../rerank/errors.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Milliseconds for the whole body to arrive. */
  readonly timeoutMs: number;
}

const tooLarge = (maxBytes: number): RerankError =>
  new RerankError('body_too_large', `The request body is larger than ${maxBytes} bytes.`, {
    // The rest of the body is still under way: on a kept connection it would be read as the next request.
    headers: { Connection: 'close' },
  });

const incomplete = (): RerankError =>
  new RerankError('invalid_request', 'The request body did not arrive whole.', {
    headers: { Connection: 'close' },
  });

export const readBody = async (c: Context, { maxBytes, timeoutMs }: BodyLimits): Promise<string> => {
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const bytes = await within(timeoutMs, c.req.header('content-length') ? whole(c) : counted(c, maxBytes));
  if (!isUtf8(bytes)) throw new RerankError('invalid_request', 'The request body is not valid UTF-8.');
  return bytes.toString('utf8');
};

/** A body of declared length: the HTTP parser lets no more than that through. */
const whole = async (c: Context): Promise<Buffer> => Buffer.from(await c.req.arrayBuffer());

/** A chunked body: counted while it comes. */
const counted = async (c: Context, maxBytes: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const within = async (timeoutMs: number, body: Promise<Buffer>): Promise<Buffer> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(incomplete()), timeoutMs);
  });
  try {
    return await Promise.race([body, timeout]);
  } catch (thrown) {
    // A connection that breaks while a body comes in is the caller's doing, not our failure.
    throw thrown instanceof RerankError ? thrown : incomplete();
  } finally {
    clearTimeout(timer);
  }
};
