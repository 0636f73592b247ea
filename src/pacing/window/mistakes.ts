import { type Failure, failureOf } from '../../redis/failure.ts';

/** Tells of mistakes of ours, of each kind once: what fails at every beat is not to fill the log. */
export class Mistakes {
  readonly #onBug: (error: unknown) => void;
  readonly #told = new Set<string>();

  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug;
  }

  /** Only a `bug` is a mistake of ours; other failures are told of elsewhere. */
  note({ kind, code, error }: Failure): void {
    if (kind !== 'bug' || this.#told.has(code)) return;
    this.#told.add(code);
    this.#onBug(error);
  }

  /** Does what must not stop whoever asks for it, and notes what it throws. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.note(failureOf(error));
    }
  }

  /** All is well again: the same mistake is worth telling once more. */
  forget(): void {
    this.#told.clear();
  }
}
