/**
 * Keys that nobody has, told to operators: after a rotation, the service that still sends the old one; or somebody who
 * guesses. A key is told by a fingerprint, and a flood of them in a few lines.
 */

import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Context } from 'hono';
import type { GatewayEnv } from './context.ts';

export interface RefusedKey {
  /** The first 8 hex digits of the key's SHA-256: compares with others, and leads back to no key that `npm run key` has made. */
  readonly fingerprint: string;
  /** Of the client, as the router has seen it. */
  readonly address: string;
  readonly agent: string | undefined;
  /** Refusals since the last one told. */
  readonly untold: number;
}

export type OnRefusedKey = (key: string, c: Context<GatewayEnv>) => void;

/** So many at once, and then one each time that this has passed, milliseconds. */
const BURST = 10;
const EVERY_MS = 10_000;

/** @param tell called for the refusals that fit; further ones are only counted */
export const refusedKeys = (
  tell: (refused: RefusedKey) => void,
  now: () => number = () => performance.now(),
): OnRefusedKey => {
  let left = BURST;
  let refilledAt = now();
  let untold = 0;
  return (key, c) => {
    const gained = Math.floor((now() - refilledAt) / EVERY_MS);
    left = Math.min(BURST, left + gained);
    refilledAt += gained * EVERY_MS;
    if (left === 0) {
      untold++;
      return;
    }
    left--;
    tell({
      fingerprint: hash('sha256', key).slice(0, 8),
      address: addressOf(c),
      agent: shownAgent(c.req.header('user-agent')),
      untold,
    });
    untold = 0;
  };
};

/** A router adds the address that it sees to those that its client has written, of which nothing is known. */
const addressOf = (c: Context<GatewayEnv>): string => {
  const told = c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim();
  const address = told ?? c.env?.incoming?.socket.remoteAddress ?? '';
  return isIP(address) === 0 ? 'unknown' : address;
};

const MOST_OF_AGENT = 80;

const shownAgent = (header: string | undefined): string | undefined =>
  header?.slice(0, MOST_OF_AGENT).replace(/[^\w ./();:,+-]/g, '?');
