/**
 * An item's text: a string; or, where it came in JSON without escapes, the slice of that body, whose bytes are its UTF-8 and
 * may stand in another body as they are. Most are never decoded.
 */
export type Item = string | Buffer;

export const textOf = (item: Item): string => (typeof item === 'string' ? item : item.toString());

/** UTF-8 bytes of the text. */
export const bytesOf = (item: Item): number => Buffer.byteLength(item);

/** @param head JSON before the list @returns the body: `head`, the items as a JSON list of strings, `tail` */
export const bodyWith = (head: string, items: readonly Item[], tail: string): Buffer => {
  // Short lists of strings: the engine's own way is the fastest.
  if (items.every((item) => typeof item === 'string'))
    return Buffer.from(head + JSON.stringify(items) + tail);
  const parts = items.map((item) =>
    typeof item === 'string' ? Buffer.from(JSON.stringify(item).slice(1, -1)) : item,
  );
  const [before, after] = [Buffer.from(`${head}["`), Buffer.from(`"]${tail}`)];
  const commas = SEPARATOR.length * (items.length - 1);
  const body = Buffer.allocUnsafeSlow(
    parts.reduce((sum, { length }) => sum + length, before.length + commas + after.length),
  );
  let at = before.copy(body);
  for (const [i, part] of parts.entries()) {
    if (i > 0) at += SEPARATOR.copy(body, at);
    at += part.copy(body, at);
  }
  after.copy(body, at);
  return body;
};

const SEPARATOR = Buffer.from('","');
