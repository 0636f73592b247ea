/** The name under which a key is kept that has none: for every client without a key of its own. */
export const ANY_CLIENT = '';

/**
 * A key for each client out of a list in the form of GATEWAY_KEYS, `name:KEY;option,…`. Of several keys of one client
 * the first is taken: after a rotation all of them are valid.
 */
export const clientKeys = (text: string): Map<string, string> => {
  const keys = new Map<string, string>();
  for (const entry of text.split(',')) {
    const identity = entry.split(';', 1)[0]!.trim();
    const colon = identity.indexOf(':');
    const name = colon < 0 ? ANY_CLIENT : identity.slice(0, colon).trim();
    const key = identity.slice(colon + 1).trim();
    if (key !== '' && !keys.has(name)) keys.set(name, key);
  }
  return keys;
};

/** The clients for whom there is no key. */
export const withoutKey = (clients: Iterable<string>, keys: ReadonlyMap<string, string>): string[] =>
  keys.has(ANY_CLIENT) ? [] : [...clients].filter((client) => !keys.has(client));
