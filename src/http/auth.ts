/** Who is calling: `Authorization: Bearer KEY` (RFC 6750), the scheme in any case. */

import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { RerankError } from '../calls/errors.ts';
import type { Caller, GatewayEnv } from './context.ts';

export interface AuthOptions {
  /** Empty: open to everyone, as client `default`. For development. */
  readonly clients: readonly (Caller & { readonly keys: readonly string[] })[];
}

const ANYONE: Caller = { name: 'default', models: undefined, admin: true };

/** Keys are looked up by their digest: how long that takes tells nothing about how much of a key was right. */
export const keyDigest = (key: string): string => createHash('sha256').update(key).digest('base64');

export const bearer = (header: string | undefined): string | undefined =>
  /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];

const unauthenticated = (message: string): RerankError =>
  new RerankError('unauthenticated', message, { headers: { 'WWW-Authenticate': 'Bearer' } });

/** Who sends an `Authorization` header; throws `unauthenticated`. */
export type Identify = (header: string | undefined) => Caller;

export const identifier = ({ clients }: AuthOptions): Identify => {
  const callers = new Map(
    clients.flatMap((client) => client.keys.map((key) => [keyDigest(key), client] as const)),
  );

  return (header) => {
    if (clients.length === 0) return ANYONE;
    const key = bearer(header);
    if (key === undefined) throw unauthenticated('Send a gateway key as `Authorization: Bearer KEY`.');
    const caller = callers.get(keyDigest(key));
    if (caller === undefined) throw unauthenticated('This key is not one of the gateway’s.');
    return caller;
  };
};

export const auth = (identify: Identify): MiddlewareHandler<GatewayEnv> =>
  async function auth(c, next) {
    const began = performance.now();
    const record = c.get('record');
    const caller = identify(c.req.header('authorization'));
    record.client = caller.name;
    record.authMs = performance.now() - began;
    c.set('caller', caller);
    await next();
  };
