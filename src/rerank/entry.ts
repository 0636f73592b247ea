/**
 * A cached result as bytes. Little-endian: version (u8), scoredAt (f64, epoch ms), number of scores (u16), then the
 * scores in canonical order (f64 each, so that they are bit for bit what the upstream sent).
 */

const VERSION = 1;
const HEADER_BYTES = 1 + 8 + 2;

export interface Entry {
  /** Canonical order. */
  readonly values: Float64Array;
  /** Epoch milliseconds. */
  readonly scoredAt: number;
}

export const encodeEntry = ({ values, scoredAt }: Entry): Buffer => {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + 8 * values.length);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeDoubleLE(scoredAt, 1);
  bytes.writeUInt16LE(values.length, 9);
  values.forEach((value, i) => {
    bytes.writeDoubleLE(value, HEADER_BYTES + 8 * i);
  });
  return bytes;
};

/**
 * The entry these bytes hold for a set of `count` documents; undefined, which is a miss, for anything else: another
 * version, another length, another program's value.
 */
export const decodeEntry = (bytes: Buffer, count: number): Entry | undefined => {
  if (bytes.length !== HEADER_BYTES + 8 * count) return undefined;
  if (bytes.readUInt8(0) !== VERSION || bytes.readUInt16LE(9) !== count) return undefined;
  const scoredAt = bytes.readDoubleLE(1);
  const values = Float64Array.from({ length: count }, (_, i) => bytes.readDoubleLE(HEADER_BYTES + 8 * i));
  return Number.isFinite(scoredAt) && values.every(Number.isFinite) ? { values, scoredAt } : undefined;
};
