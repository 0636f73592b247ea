/** Reads what may be anything. */

/** A number between the two, whatever it is: of NaN, and of what is no number, the least. */
export const within = (value: unknown, least: number, most: number): number =>
  typeof value === 'number' && value >= least ? Math.min(value, most) : least;

/** The text that it is; of anything else, none. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The list that it is; of anything else, none. */
export const listOf = <T = unknown>(value: unknown): readonly T[] => (Array.isArray(value) ? value : []);

/** The fields that it has; of what is no object, none. */
export const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
