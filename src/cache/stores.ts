/** The two cache tiers as the layers see them: one in this process, and one that processes share. */

import type { Cancellation } from '../calls/cancellation.ts';
import type { Identity } from '../calls/identity.ts';
import type { Values } from '../calls/values.ts';

/** What a tier knows of a call's items: one value and one time for each. */
export interface Known<V extends Values> {
  readonly values: V;
  /** Epoch milliseconds at which each value left the upstream; NaN: the item's value is unknown. */
  readonly takenAt: Float64Array;
}

export interface MemoryStore<V extends Values = Float64Array> {
  /** Undefined when the value of no item is known. */
  find(identity: Identity): Known<V> | undefined;
  /** Keeps values, one for each item. */
  add(identity: Identity, values: V, takenAt: Float64Array): void;
}

/** No method but `ended` rejects: after a failure a value is unknown, or not stored. */
export interface SharedStore<V extends Values = Float64Array> {
  /** Undefined when the store does not answer. */
  read(identity: Identity): Promise<Known<V> | undefined>;
  /**
   * The same; and where it knows nothing of the items, claims them like `claim`, so that a new question takes one command.
   */
  open(identity: Identity): Promise<Opened<V> | undefined>;
  /**
   * Claims the items that no other call has claimed. Undefined when the store does not answer.
   * @param ended claims that have ended, even if the store still has them
   */
  claim(identity: Identity, ended: readonly string[]): Promise<Claimed<V> | undefined>;
  /** Keeps values, one for each item, and ends a claim. @param ttlMs after which the store may forget them */
  write(identity: Identity, known: Known<V>, ttlMs: number, claim: string | undefined): Promise<void>;
  /** Ends a claim that has brought nothing. */
  release(identity: Identity, claim: string): Promise<void>;
  /** Announces when the answer for a claim is expected (monotonic ms) to the calls that wait for it. */
  expect(claim: string, answerAt: number): void;
  /**
   * Resolves when another call's claim has ended, or its owner has been silent for a while. With false when only a message says
   * so: if that is not true, the store still has the claim. Rejects with the signal's reason when nobody waits any more.
   * @param certainly a message alone does not end the wait
   */
  ended(
    claim: string,
    signal: Cancellation,
    onExpected: (answerAt: number) => void,
    certainly: boolean,
  ): Promise<boolean>;
}

export interface Opened<V extends Values> extends Omit<Claimed<V>, 'holders'> {
  /** Undefined: something is known, so nothing was claimed. */
  readonly holders: Claimed<V>['holders'] | undefined;
}

export interface Claimed<V extends Values> {
  /** The name of the new claim; undefined: it claimed nothing. */
  readonly claim: string | undefined;
  /** What the store knows of the items now. */
  readonly known: Known<V>;
  /** For each item the claim of another call that holds it; undefined: the new claim holds it. */
  readonly holders: readonly (string | undefined)[];
}
