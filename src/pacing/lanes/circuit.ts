/**
 * Leaves alone what keeps failing, and tries it again with one call at a time.
 *
 * Our own, since a library's breaker decides when a call is made, and takes every end of it for a success or a failure.
 * Here a lane is chosen before a call has its slot, so whether there is one must be known without making it; and a call
 * whose caller left says nothing.
 */

/** What a call said of whoever was asked; `nothing` when it does not tell. */
export type Word = 'ok' | 'failed' | 'refused' | 'nothing';

/**
 * `good`; `trial`: left alone so far, and the next call tries it; `refused`: it does not want our calls, so that it is
 * only asked when there is nobody else; `out`: it is not asked.
 */
export type Standing = 'good' | 'trial' | 'refused' | 'out';

/** Failures in a row that open a circuit, */
const FAILURES = 5;
/**
 * and the milliseconds for which nothing may have succeeded: a server that restarts breaks all its connections at the
 * same moment, and is back before the second attempts.
 */
const FAILING_MS = 3000;

/** How long something is left alone at first, and at most: twice as long after each trial. Milliseconds. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = { failed: 10_000, refused: 60_000 };

export type Reason = keyof typeof LONGEST_PAUSE_MS;

export interface CircuitCall {
  readonly startedAt: number;
}

interface Opened {
  readonly reason: Reason;
  readonly pauseMs: number;
  /** When it is tried again. */
  readonly until: number;
  /** The pause is over. */
  due: boolean;
  trial: CircuitCall | undefined;
}

export interface CircuitOptions {
  /** Told when calls begin to be kept away, with the reason, and with undefined when all is well again. */
  readonly onSwitch?: (reason: Reason | undefined) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const monotonic = (): number => performance.now();

export class Circuit {
  readonly #onSwitch: (reason: Reason | undefined) => void;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #failures = 0;
  #failingSince = 0;
  #succeededAt = Number.NEGATIVE_INFINITY;
  #opened: Opened | undefined;

  constructor({ onSwitch = () => {}, now = monotonic }: CircuitOptions = {}) {
    this.#onSwitch = onSwitch;
    this.#now = now;
  }

  get standing(): Standing {
    if (this.#opened === undefined) return 'good';
    const { due, trial, reason } = this.#opened;
    if (due && trial === undefined) return 'trial';
    return reason === 'refused' ? 'refused' : 'out';
  }

  /** Milliseconds until it is tried again; 0 when that is now, or under way. */
  get retryInMs(): number {
    return this.#opened ? Math.max(0, this.#opened.until - this.#now()) : 0;
  }

  /** Told whenever the standing may have changed. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** A call is about to be made. One that is made while `trial` stands is the trial. */
  begin(): CircuitCall {
    const call: CircuitCall = { startedAt: this.#now() };
    if (this.#opened !== undefined && this.standing === 'trial') {
      this.#opened.trial = call;
      this.#tell();
    }
    return call;
  }

  end(call: CircuitCall, word: Word): void {
    if (this.#opened === undefined) this.#count(call, word);
    else this.#judge(this.#opened, call, word);
  }

  #count({ startedAt }: CircuitCall, word: Word): void {
    const now = this.#now();
    if (word === 'ok') {
      this.#failures = 0;
      this.#succeededAt = now;
    } else if (word === 'refused') {
      this.#open('refused', FIRST_PAUSE_MS);
    } else if (word === 'failed') {
      if (this.#failures === 0) this.#failingSince = Math.max(startedAt, this.#succeededAt);
      this.#failures++;
      const forLong = now - this.#failingSince >= FAILING_MS;
      if (this.#failures >= FAILURES && forLong) this.#open('failed', FIRST_PAUSE_MS);
    }
  }

  #judge(opened: Opened, call: CircuitCall, word: Word): void {
    const onTrial = opened.trial === call;
    // What refused us is asked without a trial, too, when there is nobody else. Any other call is one from before.
    if (word === 'ok' && (onTrial || opened.reason === 'refused')) {
      this.#close();
    } else if (onTrial && word === 'nothing') {
      opened.trial = undefined;
      this.#tell();
    } else if (onTrial) {
      this.#open(word === 'refused' ? 'refused' : opened.reason, 2 * opened.pauseMs);
    }
  }

  #open(reason: Reason, wantedMs: number): void {
    const pauseMs = Math.min(wantedMs, LONGEST_PAUSE_MS[reason]);
    const first = this.#opened === undefined;
    const opened: Opened = { reason, pauseMs, until: this.#now() + pauseMs, due: false, trial: undefined };
    this.#opened = opened;
    setTimeout(() => {
      opened.due = true;
      this.#tell();
    }, pauseMs).unref();
    if (first) this.#onSwitch(reason);
    this.#tell();
  }

  #close(): void {
    this.#opened = undefined;
    this.#failures = 0;
    this.#succeededAt = this.#now();
    this.#onSwitch(undefined);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
