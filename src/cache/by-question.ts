/**
 * Values that are numbers, kept by question: one entry holds all known values of a question, whichever of its items a call
 * is about. Many small values then take one key and one round trip.
 */

import type { Digests } from '../calls/digests.ts';
import { find, type Pairs, pack, ROW } from './pairs.ts';
import type { Claimed, Known, MemoryStore, Opened, SharedStore } from './stores.ts';

/** The pairs in this process's memory, by question. */
export interface PairMemory {
  get(question: string): Pairs | undefined;
  /** Adds to what is known of a question. */
  add(question: string, pairs: Pairs): void;
}

/** Pairs that processes share, by question. @see SharedStore */
export interface PairStore extends Pick<SharedStore, 'expect' | 'ended'> {
  read(question: string): Promise<Pairs | undefined>;
  open(question: string, digests: Digests): Promise<OpenedPairs | undefined>;
  claim(question: string, digests: Digests, ended: readonly string[]): Promise<ClaimedPairs | undefined>;
  write(question: string, pairs: Pairs, ttlMs: number, claim: string | undefined): Promise<void>;
  release(question: string, claim: string): Promise<void>;
}

/** @see Opened */
export interface OpenedPairs extends Omit<Opened<Float64Array>, 'known'> {
  readonly pairs: Pairs;
}

/** @see Claimed */
export interface ClaimedPairs extends Omit<Claimed<Float64Array>, 'known'> {
  readonly pairs: Pairs;
}

export const memoryByQuestion = (store: PairMemory): MemoryStore => ({
  find({ question, digests }) {
    const pairs = store.get(question);
    return pairs && knownOf(pairs, digests);
  },
  add({ question, digests }, values, takenAt) {
    store.add(question, pack(digests, values, takenAt));
  },
});

export const sharedByQuestion = (store: PairStore): SharedStore => ({
  async read({ question, digests }) {
    const pairs = await store.read(question);
    return pairs && knownOf(pairs, digests);
  },
  async open({ question, digests }) {
    const opened = await store.open(question, digests);
    return opened && { ...opened, known: knownOf(opened.pairs, digests) };
  },
  async claim({ question, digests }, ended) {
    const claimed = await store.claim(question, digests, ended);
    return claimed && { ...claimed, known: knownOf(claimed.pairs, digests) };
  },
  write: ({ question, digests }, { values, takenAt }, ttlMs, claim) =>
    store.write(question, pack(digests, values, takenAt), ttlMs, claim),
  release: ({ question }, claim) => store.release(question, claim),
  expect: (claim, answerAt) => store.expect(claim, answerAt),
  ended: (...wait) => store.ended(...wait),
});

const knownOf = (pairs: Pairs, digests: Digests): Known<Float64Array> => {
  const values = new Float64Array(digests.count);
  const takenAt = new Float64Array(digests.count);
  const rows = find(pairs, digests);
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place]!;
    values[place] = row < 0 ? 0 : pairs[row + ROW - 2]!;
    takenAt[place] = row < 0 ? Number.NaN : pairs[row + ROW - 1]!;
  }
  return { values, takenAt };
};
