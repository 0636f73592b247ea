/** When a failing target is tried again, and whether a trial is under way: with one call at a time. */
export class Trial<Call> {
  readonly #now: () => number;
  readonly #onDue: () => void;
  #pauseMs = 0;
  #until = 0;
  #due = false;
  #call: Call | undefined;

  /**
   * @param now monotonic milliseconds
   * @param onDue called when a pause is over
   */
  constructor(now: () => number, onDue: () => void) {
    this.#now = now;
    this.#onDue = onDue;
  }

  /** Whether the next call is the trial. */
  get open(): boolean {
    return this.#due && this.#call === undefined;
  }

  /** Milliseconds until the trial; 0 when it is due, or under way. */
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

  /** The trial said nothing: the next call is the trial. */
  repeat(): void {
    this.#call = undefined;
  }

  /** No trial for so long. */
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
