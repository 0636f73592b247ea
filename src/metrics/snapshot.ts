/** A registry's text, packed for Redis. */

import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { type Families, parseText } from './text.ts';

/** Bytes. A thousand series take 100 KB, and a fifteenth of it packed: what is larger than this is none of ours. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
export const MAX_PACKED_BYTES = 1024 * 1024;

/** At once, and not in another thread, so that two snapshots of one process never overtake each other. */
export const pack = (text: string): Buffer => gzipSync(text, { level: constants.Z_BEST_SPEED });

/** What is told of a process that others do not know. */
export const NOTHING = pack('');

/** Undefined for whatever is no snapshot. A fifth of a millisecond: other threads would take longer to bring it. */
export const unpack = (packed: Buffer): Families | undefined => {
  try {
    return parseText(gunzipSync(packed, { maxOutputLength: MAX_TEXT_BYTES }).toString());
  } catch {
    return undefined;
  }
};
