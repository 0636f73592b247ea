/**
 * Who is calling: `Authorization: Bearer KEY` (RFC 6750), the scheme in any case; or, without that header, `x-api-key: KEY` or
 * `x-portkey-api-key: KEY`, as some clients send it.
 */

import { createHash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { RerankError } from '../calls/errors.ts';
import type { Caller, GatewayEnv } from './context.ts';
import type { OnRefusedKey } from './refused-keys.ts';

export interface AuthOptions {
  /** Empty: open to everyone, as client `default`. For development. */
  readonly clients: readonly (Caller & {
    /** Each as it is sent, or as `sha256:` and its digest in hex. */
    readonly keys: readonly string[];
  })[];
}

/** A configured key, by its number among those of its client, from 1 on. */
export interface KeyUse {
  readonly client: string;
  readonly key: number;
  /** Of the latest use in this process: monotonic milliseconds; undefined: it was not used. */
  readonly usedAt: number | undefined;
}

/** Keys are looked up by their digest, so that the time it takes says nothing about how much of a key was right. */
export const keyDigest = (key: string): string => createHash('sha256').update(key).digest('base64');

/** The digest of a key that the configuration holds, or holds the digest of. */
const configuredDigest = (key: string): string => {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(key)?.[1];
  return hex === undefined ? keyDigest(key) : Buffer.from(hex, 'hex').toString('base64');
};

export const bearer = (header: string | undefined): string | undefined =>
  /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];

const unauthenticated = (message: string): RerankError =>
  new RerankError('unauthenticated', message, { headers: { 'WWW-Authenticate': 'Bearer' } });

/** The caller with an `Authorization` header; throws `unauthenticated`. Each key has a caller of its own. */
export type Identify = (header: string | undefined) => Caller;

export const identifier = ({ clients }: AuthOptions): Identify & { readonly uses: () => KeyUse[] } => {
  const keys = clients.flatMap(({ keys, name, models, admin }) =>
    keys.map((key, i) => ({
      number: i + 1,
      digest: configuredDigest(key),
      caller: { name, models, admin } as Caller,
    })),
  );
  const callers = new Map(keys.map(({ digest, caller }) => [digest, caller]));
  const anyone: Caller = { name: 'default', models: undefined, admin: true };

  const identify: Identify = (header) => {
    if (clients.length === 0) return anyone;
    const key = bearer(header);
    if (key === undefined) throw unauthenticated('Send a gateway key as `Authorization: Bearer KEY`.');
    const caller = callers.get(keyDigest(key));
    if (caller === undefined) throw unauthenticated('This key is not one of the gateway’s.');
    return caller;
  };
  const uses = (): KeyUse[] =>
    keys.map(({ number, caller }) => ({ client: caller.name, key: number, usedAt: caller.usedAt }));
  return Object.assign(identify, { uses });
};

/** Headers in which a bare key may come instead. */
const OTHER_HEADERS = ['x-api-key', 'x-portkey-api-key'];

const authorizationOf = (header: (name: string) => string | undefined): string | undefined => {
  const authorization = header('authorization');
  if (authorization !== undefined) return authorization;
  const key = OTHER_HEADERS.map(header).find((value) => value !== undefined);
  return key === undefined ? undefined : `Bearer ${key}`;
};

/** @param onRefused called with a key that is nobody's */
export const auth = (
  identify: Identify,
  onRefused: OnRefusedKey = () => {},
): MiddlewareHandler<GatewayEnv> => {
  const callerOf = (c: Context<GatewayEnv>): Caller => {
    const authorization = authorizationOf((name) => c.req.header(name));
    try {
      return identify(authorization);
    } catch (thrown) {
      const key = bearer(authorization);
      if (key !== undefined) onRefused(key, c);
      throw thrown;
    }
  };

  return async function auth(c, next) {
    const began = performance.now();
    const record = c.get('record');
    const caller = callerOf(c);
    caller.usedAt = began;
    record.client = caller.name;
    record.authMs = performance.now() - began;
    c.set('caller', caller);
    await next();
  };
};
