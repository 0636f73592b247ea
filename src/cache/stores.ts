/** The two tiers in which scored pairs are kept, as the layers see them. */

import type { Digests } from '../calls/digests.ts';
import type { Pairs } from './pairs.ts';

export interface MemoryStore {
  get(question: string): Pairs | undefined;
  /** Adds to what is known of a question. */
  add(question: string, pairs: Pairs): void;
}

/** Pairs that processes share. Nothing here rejects: what fails is absent, or not kept. */
export interface PairStore {
  /** What is known of a question. */
  read(question: string): Promise<Pairs | undefined>;
  /**
   * Takes on the scoring of those of the documents that no other process has taken on.
   * @param ended claims that do not count any more, should the store still have them
   */
  claim(question: string, digests: Digests, ended: readonly string[]): Promise<Claimed | undefined>;
  /** Adds to what is known of a question, and ends a claim. @param ttlMs after which the store may forget it all */
  write(question: string, pairs: Pairs, ttlMs: number, claim: string | undefined): Promise<void>;
  /** Ends a claim that has brought nothing. */
  release(question: string, claim: string): Promise<void>;
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

export interface Claimed {
  /** Names what was taken on; undefined: nothing was. */
  readonly claim: string | undefined;
  /** What is known of the question by now. */
  readonly pairs: Pairs;
  /** For each document the claim of whoever has taken it on, or undefined: it is ours. */
  readonly holders: readonly (string | undefined)[];
}
