/** Normalizes requests that are valid HTTP in forms that our router cannot read. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** `http://host/path`: the absolute form, which is sent to proxies (RFC 9112 §3.2.2). */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** The path and query of a request target in any form; `*` stands for the server itself (RFC 9112 §3.2.4). */
export const pathOf = (target: string): string => {
  if (target.startsWith('/')) return target;
  const path = target.replace(ABSOLUTE, '');
  if (path === '' || path === '*') return '/';
  return path.startsWith('/') ? path : `/${path}`;
};

/** Replaces a missing or odd `Host`: nothing here depends on it, so it is no reason to refuse a request. */
const HOST = 'gateway';

/** To be called before there is a listener that answers. */
export const readAnyTarget = (server: Server): void => {
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    request.url = pathOf(request.url ?? '/');
    request.headers.host = HOST;
    // We change to no other protocol, and node does not read further requests behind an `Upgrade`.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
  });
};
