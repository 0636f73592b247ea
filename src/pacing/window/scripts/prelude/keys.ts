/**
 * The keys of one window. Every script is given all of them, and all have one hash tag, so that they live on one node of a
 * cluster:
 *
 *   1 `…:burst`   sorted set: calls granted as asked, by the moment at which their place comes free
 *   2 `…:spaced`  sorted set: calls granted one by one, likewise
 *   3 `…:state`   hash: facts about the window, and its seal (see facts.ts and seal.ts)
 *   4 `…:queue`   hash: process → when it last said something, and what waits there (see processes.ts)
 *   5 `turns`     hash, shared by all windows of a model: the state of the fair queue (see turns.ts)
 *   6 `…:foreign` sorted set: calls of others who use the API key, as the upstream told of them (see places.ts)
 */

import { versioned } from '../../../../redis/keys.ts';

/** @returns the keys in the order above. Windows of another length have keys of their own. */
export const keysOf = (
  prefix: string,
  { model, attachment, windowMs }: { model: string; attachment: string; windowMs: number },
): string[] => {
  const tag = `${prefix}{${versioned('window')}:${windowMs}:${model}}`;
  const [burst, spaced, state, queue, foreign] = ['burst', 'spaced', 'state', 'queue', 'foreign'].map(
    (kind) => `${tag}:${attachment}:${kind}`,
  );
  return [burst!, spaced!, state!, queue!, `${tag}:turns`, foreign!];
};
