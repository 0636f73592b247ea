/** The text of an upstream's answer, whatever its encoding, up to a size. */

import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

type Decode = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

/** We accept none of these encodings, but a proxy in between may encode all the same (RFC 9110 §8.4.1). */
const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * Undefined when the body is larger than `maxBytes`, before or after decoding, or cannot be decoded. Rejects when it breaks off.
 * @param encoding the header `Content-Encoding`
 */
export const answerText = async (
  chunks: AsyncIterable<Uint8Array>,
  encoding: string | string[] | undefined,
  maxBytes: number,
): Promise<string | undefined> => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    // Leaving the loop ends the connection: the rest is not worth the wait.
    if (size > maxBytes) return undefined;
    parts.push(chunk);
  }
  const bytes = Buffer.concat(parts);
  const name = String(encoding ?? 'identity')
    .trim()
    .toLowerCase();
  if (name === '' || name === 'identity') return bytes.toString();
  const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  return decode?.(bytes, { maxOutputLength: maxBytes }).then(String, () => undefined);
};
