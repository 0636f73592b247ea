/** Decodes encoded bodies while they arrive (RFC 9110 §8.4.1). */

import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { RerankError } from '../calls/errors.ts';

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * The decoder of a body; undefined for a body without an encoding. Throws `unknown_encoding` for an unknown encoding, and
 * for several at once: each would multiply the size to which a few bytes can grow.
 * @param header `Content-Encoding`
 */
export const decoderOf = (header: string | undefined): Transform | undefined => {
  const name = header?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  const create = DECODERS.get(name);
  if (create === undefined) {
    throw new RerankError('unknown_encoding', undefined, {
      // Names the encodings that are accepted (RFC 9110 §12.5.3). Closes, since the body is not read.
      headers: { 'Accept-Encoding': 'gzip, deflate, br', Connection: 'close' },
    });
  }
  return create();
};
