/** When something that is left alone is tried again, and whether it is being tried: with one call at a time. */
export class Trial<Call> {
  readonly #now: () => number;
  readonly #onDue: () => void;
  #pauseMs = 0;
  #until = 0;
  #due = false;
  #call: Call | undefined;

  /**
   * @param now monotonic milliseconds
   * @param onDue told when a pause is over
   */
  constructor(now: () => number, onDue: () => void) {
    this.#now = now;
    this.#onDue = onDue;
  }

  /** The next call tries it. */
  get open(): boolean {
    return this.#due && this.#call === undefined;
  }

  /** Milliseconds until it is tried; 0 when that is now, or under way. */
  get inMs(): number {
    return Math.max(0, this.#until - this.#now());
  }

  /** The length of the last pause, milliseconds. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  isMadeBy(call: Call): boolean {
    return this.#call === call;
  }

  begin(call: Call): void {
    this.#call = call;
  }

  /** The call told nothing: the next one tries it. */
  repeat(): void {
    this.#call = undefined;
  }

  /** It is left alone for so long. */
  pause(pauseMs: number): void {
    this.#pauseMs = pauseMs;
    this.#until = this.#now() + pauseMs;
    this.#due = false;
    this.#call = undefined;
    setTimeout(() => {
      this.#due = true;
      this.#onDue();
    }, pauseMs).unref();
  }
}
