/** The distinct texts of a request, and the index of each of its texts among them. */

import { Digests } from './digests.ts';
import type { Item } from './item.ts';

export interface Distinct {
  /** In order of first appearance. May be made only when first read: most requests are answered without. */
  readonly items: readonly Item[];
  /** Of the items. */
  readonly digests: Digests;
  /** For each of the given texts, duplicates included, its index among the items. */
  readonly positions: Uint16Array;
}

/** @param texts well-formed */
export const distinct = (texts: readonly string[]): Distinct => {
  const seen = new Map<string, number>();
  const positions = new Uint16Array(texts.length);
  texts.forEach((text, index) => {
    let position = seen.get(text);
    if (position === undefined) {
      position = seen.size;
      seen.set(text, position);
    }
    positions[index] = position;
  });
  const items = [...seen.keys()];
  return { items, digests: Digests.of(items), positions };
};

/**
 * The same for texts that are slices of a body, compared by their digests.
 * @param bounds begin and end of each text in the body, alternating: whole characters of UTF-8
 */
export const distinctSlices = (body: Buffer, bounds: Uint32Array): Distinct => {
  const count = bounds.length / 2;
  const all = Digests.ofSlices(body, bounds);
  const positions = new Uint16Array(count);
  /** For each item, its first index among the texts. */
  const firsts: number[] = [];
  for (let index = 0; index < count; index++) {
    const first = all.firstLike(index);
    if (first < index) positions[index] = positions[first]!;
    else {
      positions[index] = firsts.length;
      firsts.push(index);
    }
  }
  const digests = firsts.length === count ? all : all.subset(firsts);
  return new Slices(digests, positions, () =>
    firsts.map((index) => body.subarray(bounds[2 * index], bounds[2 * index + 1])),
  );
};

/** A class: engines keep an object whose accessors were made with it as a slow dictionary. */
class Slices implements Distinct {
  readonly digests: Digests;
  readonly positions: Uint16Array;
  readonly #make: () => readonly Item[];
  #items: readonly Item[] | undefined;

  constructor(digests: Digests, positions: Uint16Array, make: () => readonly Item[]) {
    this.digests = digests;
    this.positions = positions;
    this.#make = make;
  }

  get items(): readonly Item[] {
    this.#items ??= this.#make();
    return this.#items;
  }
}
