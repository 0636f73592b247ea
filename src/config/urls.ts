import { parseUrl } from '../redis/url.ts';
import type { Complain, Warn } from './problems.ts';

/** Hosts to which plain http cannot be overheard. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Routes at the end of a base URL, which the gateway adds itself; people copy them from examples of calls. */
const ROUTE = /(\/+(v\d+|rerank|embeddings|available-models))+\/*$/i;

export interface UpstreamUrlRules {
  /** Plain http is refused: the upstream's key travels in a header. */
  readonly production: boolean;
  readonly complain: Complain;
  readonly warn: Warn;
}

/** The base URL of an upstream, without a trailing slash and without a route. */
export function readUpstreamUrl(
  text: string,
  { production, complain, warn }: UpstreamUrlRules,
): string | undefined {
  const url = parseUrl(text);
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
  if (url.port === '0') return complain('must have a port from 1 to 65535');
  const [route] = ROUTE.exec(url.pathname) ?? [];
  if (route) warn(`is taken without ${route} at its end, which is ours to add`);
  return (url.origin + url.pathname.slice(0, url.pathname.length - (route?.length ?? 0))).replace(/\/+$/, '');
}
