/**
 * A registry's families, packed for Redis: gzipped JSON, with each family by name, its shape as a text, and the numbers of
 * each series by its labels. Names and labels are keys, so that nothing can occur twice.
 *
 * Other programs may write anything there, and one line that Prometheus does not accept would make it reject the answer of
 * the whole fleet. So only what a registry of ours could hold is accepted, and the text is written by the process that is
 * scraped.
 */

import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { type Families, type Family, fits, type Shape } from './families.ts';

/** Bytes. A thousand series take 80 KB, and a tenth of that packed: a larger snapshot is not ours. */
const MAX_TEXT_BYTES = 2 * 1024 * 1024;
export const MAX_PACKED_BYTES = 1024 * 1024;

/** Bytes unpacked for one scrape. A hundred dynos with a thousand series each take two thirds of it. */
const MAX_BYTES_AT_ONCE = 8 * 1024 * 1024;

/** An invalid snapshot may take so many times as long to read as a valid one of the same size. */
const FOREIGN_COST = 4;

/** Synchronous, not in another thread, so that a snapshot never overtakes an earlier one of the same process. */
export const pack = (families: Families): Buffer => {
  const entries = [...families].flatMap(([name, { shape, series }]) =>
    series.size === 0 ? [] : [[name, [wordsOf(shape), Object.fromEntries(series)]]],
  );
  return gzipSync(JSON.stringify(Object.fromEntries(entries)), { level: constants.Z_BEST_SPEED });
};

/** The snapshot of a process without any series. */
export const NOTHING = pack(new Map());

interface Known {
  readonly shape: Shape;
  readonly words: string;
  readonly labels: RegExp;
}

/**
 * Reads snapshots, in sum no more than can be read between two requests. How many bytes one takes is known only when it has
 * been unpacked.
 */
export class Unpacker {
  readonly #known: ReadonlyMap<string, Known>;
  #left = MAX_BYTES_AT_ONCE;

  /** @param own families of this process: those that only another release has, or in another shape, are left out */
  constructor(own: Families) {
    this.#known = new Map(
      [...own].map(([name, { shape }]) => [name, { shape, words: wordsOf(shape), labels: labelsOf(shape) }]),
    );
  }

  /** `foreign` for an invalid snapshot; `unread` when enough has been read. */
  read(packed: Buffer): Families | 'foreign' | 'unread' {
    if (this.#left < MAX_TEXT_BYTES) return 'unread';
    // Charged as the worst case unless it turns out to be valid.
    let [bytes, cost] = [MAX_TEXT_BYTES, FOREIGN_COST];
    try {
      // Synchronous: passing it through another thread would take longer.
      const text = gunzipSync(packed, { maxOutputLength: MAX_TEXT_BYTES });
      bytes = text.length;
      if (isDense(text)) return 'foreign';
      const families = readFamilies(JSON.parse(text.toString()), this.#known);
      cost = 1;
      return families;
    } catch {
      return 'foreign';
    } finally {
      this.#left -= cost * bytes;
    }
  }
}

/** Each list or object of ours takes more bytes than this. Four million empty ones would take half a gigabyte when parsed. */
const LEAST_BYTES = 6;
const OPENING = new Set(['[', '{'].map((bracket) => bracket.charCodeAt(0)));

const isDense = (text: Buffer): boolean => {
  let left = Math.ceil(text.length / LEAST_BYTES);
  for (let i = 0; i < text.length && left >= 0; i++) if (OPENING.has(text[i]!)) left--;
  return left < 0;
};

/** @throws when the snapshot is invalid */
const readFamilies = (json: unknown, known: ReadonlyMap<string, Known>): Families => {
  const families = new Map<string, Family>();
  for (const [name, family] of Object.entries(recordOf(json))) {
    if (!Array.isArray(family)) throw new TypeError('no family');
    const own = known.get(name);
    if (own === undefined || family[0] !== own.words) continue;
    families.set(name, { shape: own.shape, series: readSeries(recordOf(family[1]), own) });
  }
  return families;
};

const readSeries = (
  json: Readonly<Record<string, unknown>>,
  { shape, labels }: Known,
): Map<string, readonly number[]> => {
  const series = new Map<string, readonly number[]>();
  for (const [key, numbers] of Object.entries(json)) {
    if (!labels.test(key) || !fits(numbers, shape)) throw new TypeError('no series');
    series.set(key, numbers);
  }
  return series;
};

/** The only way to write each character of a value: escaped if necessary, no controls, no half of a surrogate pair. */
const PLAIN = String.raw`[^"\\\0-\x1f\x7f-\x9f\ud800-\udfff]`;
const PAIR = String.raw`[\ud800-\udbff][\udc00-\udfff]`;
const VALUE = String.raw`${PLAIN}*(?:(?:\\[\\"n]|${PAIR})${PLAIN}*)*`;
const labelsOf = ({ labels }: Shape): RegExp =>
  new RegExp(`^${labels.map((label) => `${label}="${VALUE}"`).join(',')}$`);

const recordOf = (json: unknown): Readonly<Record<string, unknown>> => {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError('no object');
  return json as Record<string, unknown>;
};

const wordsOf = ({ type, labels, bounds }: Shape): string => [type, ...labels, ...bounds].join(' ');
