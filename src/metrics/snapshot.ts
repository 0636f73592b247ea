/**
 * A registry's families, packed for Redis: JSON, a family by its name, each with its shape in words and the numbers of each
 * series by its labels. Names and labels are keys, so that nothing can be there twice.
 *
 * Whoever else writes there may leave anything, and one line that Prometheus does not accept would cost it the answer of the
 * whole fleet. So nothing is taken but what a registry of ours could have held; text is only ever written by the process
 * that is scraped.
 */

import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { type Families, type Family, fits, type Shape } from './families.ts';

/** Bytes. A thousand series take 80 KB, and a tenth of it packed: what is larger than this is none of ours. */
const MAX_TEXT_BYTES = 2 * 1024 * 1024;
export const MAX_PACKED_BYTES = 1024 * 1024;

/** Unpacked, in one scrape: a hundred dynos with a thousand series each have two thirds of it. */
const MAX_BYTES_AT_ONCE = 8 * 1024 * 1024;

/** What is none may take so many times as long to be found out. */
const FOREIGN_COST = 4;

/** At once, and not in another thread, so that two snapshots of one process never overtake each other. */
export const pack = (families: Families): Buffer => {
  const told = [...families].flatMap(([name, { shape, series }]) =>
    series.size === 0 ? [] : [[name, [wordsOf(shape), Object.fromEntries(series)]]],
  );
  return gzipSync(JSON.stringify(Object.fromEntries(told)), { level: constants.Z_BEST_SPEED });
};

/** What is told of a process that others do not know. */
export const NOTHING = pack(new Map());

interface Known {
  readonly shape: Shape;
  readonly words: string;
  readonly labels: RegExp;
}

/**
 * Reads snapshots, together no more than can be read between two requests: how many bytes one takes is only known once it
 * has been unpacked.
 */
export class Unpacker {
  readonly #known: ReadonlyMap<string, Known>;
  #left = MAX_BYTES_AT_ONCE;

  /** @param own families of this process: what another release knows besides, or in another shape, is left out */
  constructor(own: Families) {
    this.#known = new Map(
      [...own].map(([name, { shape }]) => [name, { shape, words: wordsOf(shape), labels: labelsOf(shape) }]),
    );
  }

  /** `foreign` for whatever is no snapshot; `unread` when enough has been read. */
  read(packed: Buffer): Families | 'foreign' | 'unread' {
    if (this.#left < MAX_TEXT_BYTES) return 'unread';
    // Taken even if there turns out to be more.
    let [bytes, cost] = [MAX_TEXT_BYTES, FOREIGN_COST];
    try {
      // Here and now: other threads would take longer to bring it.
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

/** A list or an object of ours takes more bytes than this; of four million empty ones, half a gigabyte would be made. */
const LEAST_BYTES = 6;
const OPENING = new Set(['[', '{'].map((bracket) => bracket.charCodeAt(0)));

const isDense = (text: Buffer): boolean => {
  let left = Math.ceil(text.length / LEAST_BYTES);
  for (let i = 0; i < text.length && left >= 0; i++) if (OPENING.has(text[i]!)) left--;
  return left < 0;
};

/** @throws when it is none */
const readFamilies = (json: unknown, known: ReadonlyMap<string, Known>): Families => {
  const families = new Map<string, Family>();
  for (const [name, told] of Object.entries(recordOf(json))) {
    if (!Array.isArray(told)) throw new TypeError('no family');
    const own = known.get(name);
    if (own === undefined || told[0] !== own.words) continue;
    families.set(name, { shape: own.shape, series: readSeries(recordOf(told[1]), own) });
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

/** Every character that a value may have in one way only: escaped where it must be, no control, no half of a pair. */
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
