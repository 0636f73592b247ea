/** What has changed in an object, as a JSON merge patch (RFC 7386): lists are replaced whole, and null removes. */

export type Json =
  | string
  | number
  | boolean
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };
type JsonObject = { readonly [name: string]: Json | undefined };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && !Array.isArray(value);

/** @returns undefined when nothing has changed. Members that are undefined are absent. */
export const mergePatch = (before: JsonObject, after: JsonObject): Record<string, unknown> | undefined => {
  const patch: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    if (isObject(value) && isObject(old)) {
      const inner = mergePatch(old, value);
      if (inner !== undefined) patch[name] = inner;
    } else if (!isSame(old, value)) patch[name] = value;
  }
  for (const [name, old] of Object.entries(before)) {
    if (old !== undefined && (!Object.hasOwn(after, name) || after[name] === undefined)) patch[name] = null;
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
};

const isSame = (a: Json | undefined, b: Json): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b));
