/** What processes share, as a map: a stand-in for Redis and for the word that processes have of one another. */

import { type PairStore, sharedByQuestion } from '../../src/cache/by-question.ts';
import { merge, type Pairs } from '../../src/cache/pairs.ts';
import type { SharedStore } from '../../src/cache/stores.ts';
import { DIGEST_WORDS, type Digests } from '../../src/calls/digests.ts';

const keyOf = ({ words }: Digests, place: number): string =>
  words.subarray(DIGEST_WORDS * place, DIGEST_WORDS * (place + 1)).join('.');

export class FakePairStore {
  readonly pairs = new Map<string, Pairs>();
  /** Of each question, who has taken on which documents. */
  readonly claims = new Map<string, Map<string, string>>();
  readonly uses: string[] = [];
  ttlMs: number | undefined;
  /** Nothing is answered but that it failed. */
  down = false;
  #waiting: {
    readonly claim: string;
    readonly resolve: (certain: boolean) => void;
    readonly onExpected: (answerAt: number) => void;
    readonly certainly: boolean;
  }[] = [];
  #serial = 0;

  /** The store as one process sees it. */
  process(name = 'p', alive: () => boolean = () => true): SharedStore {
    return sharedByQuestion(this.#process(name, alive));
  }

  #process(name: string, alive: () => boolean): PairStore {
    const use = (op: string): boolean => {
      this.uses.push(op);
      return !this.down && alive();
    };
    return {
      read: async (question) => (use('read') ? (this.pairs.get(question) ?? new Float64Array()) : undefined),
      open: async (question, digests) => {
        if (!use('open')) return undefined;
        const pairs = this.pairs.get(question) ?? new Float64Array();
        if (pairs.length > 0) return { claim: undefined, pairs, holders: undefined };
        return this.#claim(name, question, digests, []);
      },
      claim: async (question, digests, ended) =>
        use('claim') ? this.#claim(name, question, digests, ended) : undefined,
      write: async (question, pairs, ttlMs, claim) => {
        if (!use('write')) return;
        this.ttlMs = ttlMs;
        this.pairs.set(question, merge(this.pairs.get(question) ?? new Float64Array(), pairs, Date.now()));
        if (claim !== undefined) this.#end(claim);
      },
      release: async (_, claim) => {
        if (use('release')) this.#end(claim);
      },
      expect: (claim, answerAt) => {
        for (const waiting of this.#waiting) if (waiting.claim === claim) waiting.onExpected(answerAt);
      },
      ended: (claim, signal, onExpected, certainly) => {
        this.uses.push('wait');
        return new Promise((resolve, reject) => {
          const abort = (): void => reject(signal.reason);
          signal.addEventListener('abort', abort, { once: true });
          if (signal.aborted) abort();
          this.#waiting.push({ claim, resolve, onExpected, certainly });
        });
      },
    };
  }

  /** Whoever waits for claims of this process, or for any, stops waiting: as after a silence. */
  silence(name?: string): void {
    this.#wake((claim) => name === undefined || claim.startsWith(`${name}.`), true);
  }

  /** Somebody says that all claims have ended, which is not true. */
  lie(): void {
    const woken = this.#waiting.filter(({ certainly }) => !certainly);
    this.#waiting = this.#waiting.filter(({ certainly }) => certainly);
    for (const { resolve } of woken) resolve(false);
  }

  get held(): number {
    return [...this.claims.values()].reduce((sum, holders) => sum + holders.size, 0);
  }

  #claim(name: string, question: string, digests: Digests, ended: readonly string[]) {
    const claim = `${name}.${this.#serial++}`;
    for (const gone of ended) this.#forget(gone);
    const holders = this.claims.get(question) ?? new Map<string, string>();
    this.claims.set(question, holders);
    const found = Array.from({ length: digests.count }, (_, place) => holders.get(keyOf(digests, place)));
    for (const [place, holder] of found.entries())
      if (holder === undefined) holders.set(keyOf(digests, place), claim);
    return {
      claim: found.includes(undefined) ? claim : undefined,
      pairs: this.pairs.get(question) ?? new Float64Array(),
      holders: found,
    };
  }

  #forget(claim: string): void {
    for (const holders of this.claims.values())
      for (const [key, holder] of holders) if (holder === claim) holders.delete(key);
  }

  #end(claim: string): void {
    this.#forget(claim);
    // All that whoever waits has for it is a word.
    this.#wake((each) => each === claim, false);
  }

  #wake(matches: (claim: string) => boolean, certain: boolean): void {
    const woken = this.#waiting.filter(({ claim }) => matches(claim));
    this.#waiting = this.#waiting.filter(({ claim }) => !matches(claim));
    for (const { resolve } of woken) resolve(certain);
  }
}
