/** Whatever a number is, NaN included, one between the two. */
export const within = (number: number, least: number, most: number): number =>
  number >= least ? Math.min(number, most) : least;
