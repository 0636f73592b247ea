/** Brings requests that are valid HTTP, and that no router of ours could read, into the form that it reads. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** `http://host/path`: what proxies are sent (RFC 9112 §3.2.2). */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** The path and query of a request target, of whatever form; `*` stands for the server itself (RFC 9112 §3.2.4). */
export const pathOf = (target: string): string => {
  const path = target.replace(ABSOLUTE, '');
  if (path === '' || path === '*') return '/';
  return path.startsWith('/') ? path : `/${path}`;
};

/** Nothing here depends on the name by which we were called; one that is missing or odd is no reason to refuse. */
const HOST = 'gateway';

/** To be called before there is a listener that answers. */
export const readAnyTarget = (server: Server): void => {
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    request.url = pathOf(request.url ?? '/');
    request.headers.host = HOST;
    // We change to no other protocol, and node reads nothing of what comes behind such a request.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
  });
};
