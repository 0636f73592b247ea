/** The name of a key without a name, which is used for every client without a key of its own. */
export const ANY_CLIENT = '';

/**
 * A key for each client from a list in the form of GATEWAY_KEYS, `name:KEY;option,…`. If a client has several keys, the
 * first is used: during a rotation all of them are valid.
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

/** The clients without a key. */
export const withoutKey = (clients: Iterable<string>, keys: ReadonlyMap<string, string>): string[] =>
  keys.has(ANY_CLIENT) ? [] : [...clients].filter((client) => !keys.has(client));
