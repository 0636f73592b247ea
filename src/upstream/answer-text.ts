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
 * Undefined when it is larger than `maxBytes` when it is decoded, or cannot be.
 * @param encoding the header `Content-Encoding`
 */
export const answerText = async (
  bytes: Buffer,
  encoding: string | string[] | undefined,
  maxBytes: number,
): Promise<string | undefined> => {
  if (encoding === undefined) return bytes.toString();
  const name = String(encoding).trim().toLowerCase();
  if (name === '' || name === 'identity') return bytes.toString();
  const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  return decode?.(bytes, { maxOutputLength: maxBytes }).then(String, () => undefined);
};
