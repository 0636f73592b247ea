/**
 * An item's text: a string; or, where it came in JSON without escapes, the slice of that body, whose bytes are its UTF-8 and
 * may stand in another body as they are. Most are never decoded.
 */
export type Item = string | Buffer;

export const textOf = (item: Item): string => (typeof item === 'string' ? item : item.toString());

/** UTF-8 bytes of the text. */
export const bytesOf = (item: Item): number => Buffer.byteLength(item);

/** The body of a request: text, or pieces that follow one another. */
export type Body = string | readonly Buffer[];

/** A body with a list of strings. @param head JSON before the list @param tail JSON behind it */
export const bodyWith = (head: string, items: readonly Item[], tail: string): Body => {
  if (items.every((item) => typeof item === 'string')) return head + JSON.stringify(items) + tail;
  const pieces: Buffer[] = [Buffer.from(`${head}["`)];
  let last: Buffer | undefined;
  for (const item of items) {
    const together = last && typeof item !== 'string' ? span(last, item) : undefined;
    if (together) pieces.pop();
    else if (pieces.length > 1) pieces.push(SEPARATOR);
    last = together ?? (typeof item === 'string' ? undefined : item);
    pieces.push(last ?? Buffer.from(JSON.stringify(item).slice(1, -1)));
  }
  return [...pieces, Buffer.from(`"]${tail}`)];
};

const SEPARATOR = Buffer.from('","');
const [QUOTE, COMMA] = [0x22, 0x2c];
/** What may stand between the parts of JSON (RFC 8259, section 2). */
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Two slices and all between them, if only their quotes, blanks and a comma stand there: then they are neighbours in a list.
 * Small bodies lie in one piece of memory, with anything between them.
 */
const span = (one: Buffer, other: Buffer): Buffer | undefined => {
  const end = one.byteOffset + one.length;
  const gap = other.byteOffset - end;
  if (one.buffer !== other.buffer || gap < SEPARATOR.length) return undefined;
  const between = Buffer.from(one.buffer, end, gap);
  if (between[0] !== QUOTE || between[gap - 1] !== QUOTE) return undefined;
  let [at, last] = [1, gap - 2];
  while (BLANKS.has(between[at])) at++;
  while (BLANKS.has(between[last])) last--;
  if (at !== last || between[at] !== COMMA) return undefined;
  return Buffer.from(one.buffer, one.byteOffset, one.length + gap + other.length);
};
