/** Readers of single values that several variables share. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** A blank value counts as unset, and surrounding white space (the newline of a pasted secret) is removed. */
export const trimmed = (env: Environment): Environment =>
  Object.fromEntries(
    Object.entries(env)
      .map(([name, value]) => [name, value?.trim()] as const)
      .filter(([, value]) => value),
  );

/** The parts of a text, trimmed. Empty parts are kept, so that the caller can report them. */
export const parts = (text: string, separator: string): string[] =>
  text.split(separator).map((part) => part.trim());

/** The entries of a list, trimmed. Separators at the end are ignored; empty entries before others are kept. */
export const entries = (text: string, separator = ','): string[] => {
  const all = parts(text, separator);
  return all.slice(0, all.findLastIndex((entry) => entry !== '') + 1);
};

/** Text that can be a bearer token in a header: no white space, no control characters, ASCII only. */
export const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** The longest secret: it travels in a header, and node and others limit all headers together to 16 kilobytes. */
export const MAX_SECRET_LENGTH = 4096;

/** Bounds of a number, both included. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

export const whole = (min: number, max: number): Range => ({ min, max, whole: true });
export const fraction = (min: number, max: number): Range => ({ min, max, whole: false });

/** A plain decimal within its range, otherwise undefined. Number() alone would accept '', '0x10', '1e3' and 'Infinity'. */
export function plainNumber(text: string, range: Range): number | undefined {
  const pattern = range.whole ? /^\d+$/ : /^\d+(\.\d+)?$/;
  if (!pattern.test(text)) return undefined;
  const value = Number(text);
  return value >= range.min && value <= range.max ? value : undefined;
}

/** "a whole number from 1 to 5", to follow "must be". */
export const aNumber = ({ min, max, whole }: Range): string =>
  `a ${whole ? 'whole number' : 'number'} from ${min} to ${max} in plain digits`;
