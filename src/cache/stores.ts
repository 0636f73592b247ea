/** The two tiers in which values are kept, as the layers see them: one in this process, and one that processes share. */

import type { Identity } from '../calls/identity.ts';
import type { Values } from '../calls/values.ts';

/** What a tier knows of a call's items, one place for each. */
export interface Known<V extends Values> {
  readonly values: V;
  /** Epoch milliseconds at which each left the upstream; NaN: nothing is known of that item. */
  readonly takenAt: Float64Array;
}

export interface MemoryStore<V extends Values = Float64Array> {
  /** Undefined when nothing is known of any. */
  find(identity: Identity): Known<V> | undefined;
  /** Keeps values, one for each item. */
  add(identity: Identity, values: V, takenAt: Float64Array): void;
}

/** Nothing here rejects: what fails is absent, or not kept. */
export interface SharedStore<V extends Values = Float64Array> {
  /** Undefined when it can't be told. */
  read(identity: Identity): Promise<Known<V> | undefined>;
  /**
   * Takes on those of the items that no other process has taken on.
   * @param ended claims that do not count any more, should the store still have them
   */
  claim(identity: Identity, ended: readonly string[]): Promise<Claimed<V> | undefined>;
  /** Keeps values, one for each item, and ends a claim. @param ttlMs after which the store may forget them */
  write(identity: Identity, known: Known<V>, ttlMs: number, claim: string | undefined): Promise<void>;
  /** Ends a claim that has brought nothing. */
  release(identity: Identity, claim: string): Promise<void>;
  /** Lets whoever waits for a claim know when its answer should be there (monotonic ms). */
  expect(claim: string, answerAt: number): void;
  /**
   * Resolves when another process's claim has ended, or its owner has not been heard of for a while; rejects with the
   * signal's reason when nobody waits any more. False: somebody has said so, and the store has it still if that is not true.
   * @param certainly nobody's word will do
   */
  ended(
    claim: string,
    signal: AbortSignal,
    onExpected: (answerAt: number) => void,
    certainly: boolean,
  ): Promise<boolean>;
}

export interface Claimed<V extends Values> {
  /** Names what was taken on; undefined: nothing was. */
  readonly claim: string | undefined;
  /** What is known of the items by now. */
  readonly known: Known<V>;
  /** For each item the claim of whoever has taken it on, or undefined: it is ours. */
  readonly holders: readonly (string | undefined)[];
}
