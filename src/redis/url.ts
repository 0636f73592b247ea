/** The only parser of a Redis URL, so that check-config shows what the gateway connects to. */

import { isIP } from 'node:net';

/** Called with what is wrong; returns undefined so that a reader can end with `return complain('…')`. */
type Complain = (message: string) => undefined;

export interface RedisServer {
  readonly tls: boolean;
  /** A name or an address, an IPv6 one without brackets. */
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

const MAX_LENGTH = 2048;

/** Undefined for a text with white space: `URL` would silently drop tabs and newlines, and escape spaces. */
export const parseUrl = (text: string): URL | undefined =>
  text.length > MAX_LENGTH || /[\s\p{Cc}]/u.test(text) || !URL.canParse(text) ? undefined : new URL(text);

/** Redis has 16 databases by default. */
const LAST_DATABASE = 15;

const FORM = 'must be a URL like redis://localhost:6379 or rediss://:password@host:6380/0';

/** A Redis URL as it was given; undefined when something was complained about. */
export const readRedisUrl = (text: string, complain: Complain): string | undefined =>
  readRedisServer(text, complain) && text;

/** The server in a URL that was accepted. */
export const redisServer = (url: string): RedisServer => {
  const server = readRedisServer(url, () => undefined);
  if (server === undefined) throw new Error('This Redis URL was never accepted.');
  return server;
};

function readRedisServer(text: string, complain: Complain): RedisServer | undefined {
  const url = parseUrl(text);
  // A / or # in a password that is not written as %2F or %23 ends up here, too.
  if (!url || !/^rediss?:$/.test(url.protocol) || !url.hostname) {
    return complain(`${FORM}, with % and two digits for special characters in the password`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0 && !/^[\w.-]+$/.test(host)) return complain(`${FORM}: its host is no host name`);
  if (url.search || url.hash) return complain('must not have a query or a fragment: they would be ignored');
  if (url.port === '0') return complain('must have a port from 1 to 65535');
  if (!/^(\/(\d{1,2})?)?$/.test(url.pathname) || Number(url.pathname.slice(1)) > LAST_DATABASE) {
    return complain(`must end in the number of a database, from /0 to /${LAST_DATABASE}, or in none`);
  }
  const username = decoded(url.username);
  const password = decoded(url.password);
  if (username === undefined || password === undefined) {
    return complain('must write a % in a user or password as %25');
  }
  if (username && !password) return complain('must have a password for its user');
  return {
    tls: url.protocol === 'rediss:',
    host,
    port: Number(url.port || 6379),
    username: username || undefined,
    password: password || undefined,
    database: Number(url.pathname.slice(1)),
  };
}

/** Undefined when it is not percent-encoded text. */
const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};
