/**
 * Leaves alone what keeps failing, and tries it again with one call at a time.
 *
 * A library's breaker would not do: it decides at the moment at which a call is made, and takes every end of a call for
 * a success or a failure. Here a lane is chosen before a call has its slot, so whether a call may be made must be known
 * without making one; and a call whose caller left says nothing. Nobody is kept away because of what somebody else asks:
 *
 * - A call that has failed again and again is not made here for a while, whoever asks for it.
 * - An upstream is tried with calls that have not failed the last time. One that has is used only where there is no other,
 *   in a trial of its own, so that others do not wait for what comes of it.
 * - A client all of whose different calls fail is kept away alone. What others ask shows whether it was to blame.
 * - When the same is true of a second client, or the upstream can't even be reached, everybody is kept away.
 */

import { Evidence, FAILING_MS, FAILURES } from './evidence.ts';
import { type Caller, Suspects } from './suspects.ts';
import { Trial } from './trial.ts';

/**
 * What the end of a call says of whoever was asked. `ok`: it does what it is for. `alive`: it answered, though not with
 * what was asked for. `failed`: it may be at fault. `refused`: it does not want our calls. `nothing`: the end does not tell.
 */
export type Word = 'ok' | 'alive' | 'failed' | 'refused' | 'nothing';

/**
 * Whether calls are made. `good`: as they come. `trial`: none so far, and the next one tries it. `refused`: it does not want
 * our calls, so that it is only asked when there is nobody else. `out`: none.
 */
export type Standing = 'good' | 'trial' | 'refused' | 'out';

/** How long it is left alone at first; twice as long after each trial that fails, and at most how long. Milliseconds. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = { failed: 10_000, refused: 60_000 };

export type Reason = keyof typeof LONGEST_PAUSE_MS;

export interface CircuitCall {
  readonly startedAt: number;
  readonly caller: Caller | undefined;
  /** It was made in spite of an open circuit. */
  readonly whileOpen: Opened | undefined;
}

interface Opened {
  reason: Reason;
  /** Whose calls are kept away: one client's, or everybody's. */
  client: string | undefined;
  /** Tries it with a call that has not failed the last time, and with one that has. */
  readonly fresh: Trial<CircuitCall>;
  readonly again: Trial<CircuitCall>;
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
  readonly #evidence = new Evidence();
  readonly #suspects = new Suspects((failures) =>
    Math.min(LONGEST_PAUSE_MS.failed, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10)),
  );
  #succeededAt = Number.NEGATIVE_INFINITY;
  #opened: Opened | undefined;

  constructor({ onSwitch = () => {}, now = monotonic }: CircuitOptions = {}) {
    this.#onSwitch = onSwitch;
    this.#now = now;
  }

  /** @param caller undefined: of those whose calls are kept away, if any are */
  standing(caller?: Caller): Standing {
    if (this.#opened === undefined || !concerns(this.#opened, caller)) return 'good';
    if (this.#trialOf(this.#opened, caller).open) return 'trial';
    return this.#opened.reason === 'refused' ? 'refused' : 'out';
  }

  /** Milliseconds until it is tried again; 0 when that is now, or under way. */
  retryInMs(caller?: Caller): number {
    return this.#opened ? this.#trialOf(this.#opened, caller).inMs : 0;
  }

  /** Milliseconds for which this very call is not to be made here, since it has failed too often; 0: it may be. */
  barredMs({ content }: Caller): number {
    if (content === undefined) return 0;
    return this.#suspects.barredMs(content, { failures: FAILURES, ms: FAILING_MS }, this.#now());
  }

  /** Some calls have failed the last time. */
  get hasSuspects(): boolean {
    return this.#suspects.size > 0;
  }

  /** Told whenever the standing may have changed. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** A call is about to be made. One that is made while `trial` stands is the trial. */
  begin(caller?: Caller): CircuitCall {
    const now = this.#now();
    const call: CircuitCall = { startedAt: now, caller, whileOpen: this.#opened };
    if (this.#opened !== undefined && this.standing(caller) === 'trial') {
      this.#trialOf(this.#opened, caller).begin(call);
      this.#tell();
    }
    if (caller?.content !== undefined) this.#suspects.tried(caller.content, now);
    return call;
  }

  end(call: CircuitCall, word: Word): void {
    const counts = this.#suspect(call, word);
    if (this.#opened === undefined) this.#count(call, word, counts);
    else this.#judge(this.#opened, call, word, counts);
  }

  /**
   * Notes whether the call is one that fails.
   * @returns whether its failure may be the upstream's fault; not if the same call has failed before the upstream last did
   * well, and has done so ever since
   */
  #suspect({ caller, startedAt }: CircuitCall, word: Word): boolean {
    const content = caller?.content;
    if (content === undefined) return true;
    const now = this.#now();
    const since = this.#suspects.since(content, now);
    if (word === 'failed') this.#suspects.failed(content, startedAt, now);
    else if (word !== 'nothing') this.#suspects.clear(content);
    return since === undefined || since >= this.#succeededAt;
  }

  #count(call: CircuitCall, word: Word, counts: boolean): void {
    if (word === 'ok' || word === 'alive') this.#succeeded();
    else if (word === 'refused') this.#open('refused', undefined);
    else if (word === 'failed' && counts && this.#isEnough(call)) this.#open('failed', call.caller?.client);
  }

  #isEnough({ caller, startedAt }: CircuitCall): boolean {
    return this.#evidence.add(caller ?? {}, Math.max(startedAt, this.#succeededAt), this.#now());
  }

  #judge(opened: Opened, call: CircuitCall, word: Word, counts: boolean): void {
    const trial = [opened.fresh, opened.again].find((trial) => trial.isMadeBy(call));
    const well = word === 'ok' || (word === 'alive' && opened.reason === 'failed');
    // A call that began before the circuit opened, and is only answered now, says how things were. One that refused us is
    // asked without a trial, too, when there is nobody else, so what it answers counts.
    if (well && (call.whileOpen === opened || opened.reason === 'refused')) {
      this.#close();
    } else if (trial && (word === 'nothing' || word === 'alive')) {
      trial.repeat();
      this.#tell();
    } else if (trial) {
      if (word === 'refused') opened.reason = 'refused';
      trial.pause(Math.min(2 * trial.pauseMs, LONGEST_PAUSE_MS[opened.reason]));
      this.#tell();
    } else if (word === 'failed' && counts && !concerns(opened, call.caller) && this.#isEnough(call)) {
      // A second one has found the same: it is nobody's own calls.
      opened.client = undefined;
      this.#tell();
    }
  }

  #open(reason: Reason, client: string | undefined): void {
    const trial = (): Trial<CircuitCall> => new Trial(this.#now, () => this.#tell());
    this.#opened = { reason, client, fresh: trial(), again: trial() };
    this.#onSwitch(reason);
    this.#opened.fresh.pause(FIRST_PAUSE_MS);
    // Later, since a call that has not failed yet tells more, and one may come meanwhile.
    this.#opened.again.pause(2 * FIRST_PAUSE_MS);
    this.#tell();
  }

  #trialOf({ fresh, again }: Opened, caller: Caller | undefined): Trial<CircuitCall> {
    const content = caller?.content;
    const isSuspect = content !== undefined && this.#suspects.since(content, this.#now()) !== undefined;
    return isSuspect ? again : fresh;
  }

  #close(): void {
    this.#opened = undefined;
    this.#succeeded();
    this.#onSwitch(undefined);
    this.#tell();
  }

  #succeeded(): void {
    this.#evidence.clear();
    this.#succeededAt = this.#now();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

const concerns = ({ client }: Opened, caller: Caller | undefined): boolean =>
  client === undefined || caller === undefined || caller.client === client;
