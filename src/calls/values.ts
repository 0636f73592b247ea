/** The values of a reply, one for each item: numbers lie packed, anything else lies in a list. */

export type Values = Float64Array | readonly unknown[];

/** What one of them is. */
export type ValueOf<V extends Values> = V[number];

/** Some of the values, in the order of the places given. */
export const pick = <V extends Values>(values: V, places: readonly number[]): V =>
  fill(values, places.length, (write) => {
    for (const [i, place] of places.entries()) write(i, values[place]!);
  });

/**
 * As many values of the same kind.
 * @param like any values of that kind
 * @param each is given what puts a value in its place, and leaves none empty
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
