/** Encoded bodies, decoded while they arrive (RFC 9110 §8.4.1). */

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
 * What decodes a body, or undefined for one that is sent as it is. Throws `unknown_encoding` for whatever is not known,
 * and for several at once: each would multiply what a few bytes may grow to.
 * @param header `Content-Encoding`
 */
export const decoderOf = (header: string | undefined): Transform | undefined => {
  const name = header?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  const create = DECODERS.get(name);
  if (create === undefined) {
    throw new RerankError('unknown_encoding', undefined, {
      // The one header that says what would have been taken (RFC 9110 §12.5.3); the body is not read.
      headers: { 'Accept-Encoding': 'gzip, deflate, br', Connection: 'close' },
    });
  }
  return create();
};
