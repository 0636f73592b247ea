/** A registry's text, packed for Redis. */

import { promisify } from 'node:util';
import { constants, gunzip, gzipSync } from 'node:zlib';
import { type Families, parseText } from './text.ts';

/** Bytes. A thousand series take 100 KB, and a fifteenth of it packed: what is larger than this is none of ours. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
export const MAX_PACKED_BYTES = 1024 * 1024;

const unzip = promisify(gunzip);

/** At once, and not in another thread: two snapshots of one process must not overtake each other. */
export const pack = (text: string): Buffer => gzipSync(text, { level: constants.Z_BEST_SPEED });

/** Undefined for whatever is no snapshot. */
export const unpack = async (packed: Buffer): Promise<Families | undefined> => {
  try {
    const bytes = await unzip(packed, { maxOutputLength: MAX_TEXT_BYTES });
    return parseText(bytes.toString());
  } catch {
    return undefined;
  }
};
