/** Whether memory would still give the same answer as before. */

import type { Identity } from '../calls/identity.ts';
import type { PairMemory } from './by-question.ts';
import { type Lifetime, MAX_SKEW_MS } from './freshness.ts';
import type { ModelStates } from './model-states.ts';
import type { Refused } from './refused.ts';

export interface StandingOptions {
  readonly memory: Pick<PairMemory, 'get'>;
  readonly states: Pick<ModelStates, 'of'>;
  readonly refused: Pick<Refused, 'version'>;
  readonly lifetime: Lifetime;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/**
 * Notes what a call's answer depends on now: its model's state, its question's pairs, what the firewall refuses. Each of
 * these is replaced by another object or number when it changes, so that comparing identities is enough.
 * @returns undefined when memory knows nothing
 */
export type Standing = (model: string, identity: Identity) => Stand | undefined;

/**
 * @param takenAt epoch milliseconds at which each value of an answer left the upstream
 * @returns whether memory would still give the same answer, all of it fresh
 */
export type Stand = (takenAt: Float64Array) => () => boolean;

export const createStanding =
  ({ memory, states, refused, lifetime, now = Date.now }: StandingOptions): Standing =>
  (model, { question }) => {
    const known = memory.get(question);
    if (known === undefined) return undefined;
    const state = states.of(model);
    const { version } = refused;
    // Weak: an answer that is never requested again must not keep pairs that memory has evicted.
    const pairs = new WeakRef(known);
    return (takenAt) => {
      const until = Math.min(...takenAt) + lifetime.ttlMs;
      const from = Math.max(...takenAt) - MAX_SKEW_MS;
      return () => {
        const time = now();
        return (
          time <= until &&
          time >= from &&
          states.of(model) === state &&
          refused.version === version &&
          memory.get(question) === pairs.deref()
        );
      };
    };
  };
