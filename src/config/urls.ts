import type { Complain } from './problems.ts';

/** Where clear text can't be overheard. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Without this look, URL would quietly drop tabs and newlines, and escape spaces. */
const parse = (text: string): URL | undefined =>
  /[\s\p{Cc}]/u.test(text) || !URL.canParse(text) ? undefined : new URL(text);

/**
 * The base URL of an upstream, without a trailing slash.
 * @param production whether plain http is refused: the upstream's key travels in a header
 */
export function readUpstreamUrl(text: string, production: boolean, complain: Complain): string | undefined {
  const url = parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    return complain("must be the upstream's base URL, like https://us.inference.heroku.com");
  }
  if (url.username || url.password) {
    return complain('must not hold a user or password: the key has a variable of its own');
  }
  if (url.search || url.hash) return complain('must not have a query or a fragment: it is a base URL');
  if (production && url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    return complain('must be https in production: plain http would send the key in clear text');
  }
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

/** A Redis URL as it was given. */
export function readRedisUrl(text: string, complain: Complain): string | undefined {
  const url = parse(text);
  return url && /^rediss?:$/.test(url.protocol) && url.hostname
    ? text
    : complain('must be a URL like redis://localhost:6379 or rediss://:password@host:6380');
}
