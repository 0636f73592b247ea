/** Mistakes of ours that a window stumbles over: what fails at every beat is not to fill the log. */

import { type Failure, failureOf } from '../../redis/failure.ts';

export class Mistakes {
  readonly #onBug: (error: unknown) => void;
  readonly #told = new Set<string>();

  /** @param onBug told of every mistake, once until `forget` */
  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug;
  }

  /** Only what is no failure of Redis is a mistake of ours; the others are told of elsewhere. */
  note(error: unknown): Failure {
    const failure = failureOf(error);
    if (failure.kind === 'bug' && !this.#told.has(failure.code)) {
      this.#told.add(failure.code);
      this.#onBug(error);
    }
    return failure;
  }

  /** Does what must not stop whoever asks for it, and notes what it throws. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.note(error);
    }
  }

  forget(): void {
    this.#told.clear();
  }
}
