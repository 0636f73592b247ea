/** Permits for one call each, in a test’s hands. */

import type { Terms } from '../../src/calls/call.ts';
import type { Asked, CallOutcome, Permits } from '../../src/calls/permit.ts';

/** Permits that are granted when a test says so, and note what becomes of them. */
export class FakePermits implements Permits {
  readonly asked: { terms: Terms; onQueued: ((expected: number) => void) | undefined }[] = [];
  /** Whether the upstream had answered, of each permit whose call was over. */
  readonly released: boolean[] = [];
  givenBack = 0;
  #waiting: { grant: () => void; refuse: (error: unknown) => void }[] = [];

  acquire(terms: Terms, { onQueued, onGrant }: Asked = {}) {
    this.asked.push({ terms, onQueued });
    return new Promise<Awaited<ReturnType<Permits['acquire']>>>((resolve, reject) => {
      const release = ({ answered }: CallOutcome): void => void this.released.push(answered);
      const giveBack = (): void => void this.givenBack++;
      const wait = { predictedMs: 0, reason: 'none' };
      const permit = { attachment: 'RERANK_EU', replaceable: false, wait, release, giveBack };
      const grant = (): void => {
        onGrant?.();
        resolve(permit);
      };
      this.#waiting.push({ grant, refuse: reject });
    });
  }

  grant(): void {
    this.#waiting.shift()!.grant();
  }

  refuse(error: unknown): void {
    this.#waiting.shift()!.refuse(error);
  }
}
