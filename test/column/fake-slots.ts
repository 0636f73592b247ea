/** Slots for one call each, in a test’s hands. */

import type { Terms } from '../../src/calls/call.ts';
import type { CallOutcome, Slots } from '../../src/column/pace.ts';

/** Slots that are granted when a test says so, and note what becomes of them. */
export class FakeSlots implements Slots {
  readonly asked: { terms: Terms; onQueued: ((expected: number) => void) | undefined }[] = [];
  /** Whether the upstream had answered, of each slot whose call was over. */
  readonly released: boolean[] = [];
  givenBack = 0;
  #waiting: { grant: () => void; refuse: (error: unknown) => void }[] = [];

  acquire(terms: Terms, onQueued?: (expected: number) => void) {
    this.asked.push({ terms, onQueued });
    return new Promise<Awaited<ReturnType<Slots['acquire']>>>((resolve, reject) => {
      const release = ({ answered }: CallOutcome): void => void this.released.push(answered);
      const giveBack = (): void => void this.givenBack++;
      const wait = { predictedMs: 0, reason: 'none' };
      const slot = { attachment: 'RERANK_EU', replaceable: false, wait, release, giveBack };
      this.#waiting.push({ grant: () => resolve(slot), refuse: reject });
    });
  }

  grant(): void {
    this.#waiting.shift()!.grant();
  }

  refuse(error: unknown): void {
    this.#waiting.shift()!.refuse(error);
  }
}
