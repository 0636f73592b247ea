/** One path for each route, in whatever way a client has put it together. */

/** The routes below a version, of which there is only one. */
const VERSIONED: ReadonlySet<string> = new Set(['rerank', 'embeddings', 'models', 'cache']);

const VERSION = /^v\d{1,3}$/;

/**
 * Clients add `/v1/rerank`, `/v2/rerank` or `/rerank` to a base URL that may end in a version, a slash or both. So repeated
 * slashes count as one, and versions before a known name are ignored.
 */
export const canonicalPath = (path: string): string => {
  const segments = path.split('/').filter((segment) => segment !== '');
  const name = segments.findIndex((segment) => !VERSION.test(segment));
  return name >= 0 && VERSIONED.has(segments[name]!)
    ? `/v1/${segments.slice(name).join('/')}`
    : `/${segments.join('/')}`;
};

/** The form of a route's segments; anything else may be a key, or part of a query. */
const PLAIN = /^[a-z0-9._-]{0,30}$/;

const MOST_SEGMENTS = 10;

/** A path as it may be shown to its sender and in the log: short, and without anything that may be a secret. */
export const shownPath = (path: string): string => {
  const segments = path.split('/').map((segment) => (PLAIN.test(segment) ? segment : '…'));
  return [...segments.slice(0, MOST_SEGMENTS), ...(segments.length > MOST_SEGMENTS ? ['…'] : [])].join('/');
};
