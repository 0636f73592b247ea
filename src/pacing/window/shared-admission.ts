/** What Redis says to calls that want places, in this process's terms. */

import { clientOf } from './line.ts';
import { within } from './numbers.ts';
import type { Reply } from './replies.ts';
import { BLOCKS, type Block, type Blocked } from './window.ts';

/** `unknown`: Redis must be told this process's calls first. */
export type SharedAdmission = { readonly grants: readonly SharedGrant[] } | Blocked | 'unknown';

export interface SharedGrant {
  readonly entry: SharedEntry;
  /** Whose turn it is; undefined when nobody is known to wait. */
  readonly client: string | undefined;
}

/** What is told to Redis when the call is over, so that it can tell what its answer means. */
export interface SharedEntry {
  readonly id: string;
  readonly spaced: boolean;
  /** The first call of a cold window. */
  readonly probing: boolean;
  /** The epoch in which it was granted; places held then, this one included, and places taken in that epoch by then. */
  readonly epoch: string;
  readonly heldThen: number;
  readonly grantedThen: number;
}

/** @param waitUs as Redis says it, so it may be anything */
export const readBlocked = (verdict: unknown, waitUs: unknown, windowMs: number): Blocked => ({
  retryInMs: within(Number(waitUs) / 1000, 0, windowMs),
  // A reason that this release does not know.
  reason: BLOCKS.find((block): block is Block => block === verdict) ?? 'cold',
});

/**
 * @param ids names of the calls that wanted places; the first ones have got them
 * @param triples for each place its set, whether the call goes first, and whose turn it was: see scripts/admit.ts
 * @param before the epoch, and what was held and had been taken in it before the first of these places
 */
export const readGrants = (
  ids: readonly string[],
  triples: Reply,
  before: Pick<SharedEntry, 'epoch' | 'heldThen' | 'grantedThen'>,
): SharedGrant[] =>
  ids.slice(0, Math.floor(triples.length / 3)).map((id, i) => {
    const [kind, first, name] = triples.slice(3 * i, 3 * i + 3);
    return {
      entry: {
        id,
        spaced: kind === 's',
        probing: first === '1',
        epoch: before.epoch,
        heldThen: before.heldThen + i + 1,
        grantedThen: before.grantedThen + i + 1,
      },
      client: name === '' ? undefined : clientOf(String(name)),
    };
  });
