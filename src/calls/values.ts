/** The values of a reply, one for each item: numbers in a typed array, anything else in a list. */

export type Values = Float64Array | readonly unknown[];

/** The type of one value. */
export type ValueOf<V extends Values> = V[number];

/** The values at some indices, in the order given. */
export const pick = <V extends Values>(values: V, places: readonly number[]): V =>
  fill(values, places.length, (write) => {
    for (const [i, place] of places.entries()) write(i, values[place]!);
  });

/**
 * Makes `count` values of the same kind.
 * @param like any values of that kind
 * @param each receives the function that writes a value, and calls it for every place
 */
export const fill = <V extends Values>(
  like: V,
  count: number,
  each: (write: (place: number, value: ValueOf<V>) => void) => void,
): V => {
  const filled = like instanceof Float64Array ? new Float64Array(count) : new Array<unknown>(count);
  each((place, value) => {
    filled[place] = value as number;
  });
  return filled as unknown as V;
};
