/**
 * A circuit breaker: keeps calls away from what keeps failing, and tries it again with one call at a time.
 *
 * A library's breaker would not do: it decides when a call is made, and takes every end of a call for a success or a
 * failure. Here a lane is chosen before a call has its permit, so whether a call may be made must be known without making
 * one; and a call whose caller left says nothing. No client is kept away because of another client's calls:
 *
 * - A call that has failed again and again is not made here for a while, whichever client makes it.
 * - An upstream is tried with calls that did not fail the last time. A call that did is used only when there is no other, in a
 *   trial of its own, so that other calls do not wait for its result.
 * - When different calls of one client fail, only that client is kept away: the calls of others show whether it is the cause.
 * - When the same is true of a second client, or the upstream cannot even be reached, all clients are kept away.
 */

import { Evidence, FAILING_MS, FAILURES } from './evidence.ts';
import { type Caller, Suspects } from './suspects.ts';
import { Trial } from './trial.ts';

/**
 * What the end of a call says about its target. `ok`: it answered with values. `alive`: it answered, but with an error.
 * `failed`: it may be at fault. `refused`: it does not accept our calls. `nothing`: the end says nothing.
 */
export type CallResult = 'ok' | 'alive' | 'failed' | 'refused' | 'nothing';

/**
 * Whether calls are made. `good`: all. `trial`: only the next one, which is the trial. `refused`: the target does not accept our
 * calls, so it is used only when there is no other. `out`: none.
 */
export type Standing = 'good' | 'trial' | 'refused' | 'out';

/** The first pause, which doubles after each trial that fails, and the longest one. Milliseconds. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = { failed: 10_000, refused: 60_000 };

export type Reason = keyof typeof LONGEST_PAUSE_MS;

export interface CircuitCall {
  readonly startedAt: number;
  readonly caller: Caller | undefined;
  /** The opening of the circuit during which the call was made; undefined: the circuit was closed. */
  readonly whileOpen: Opened | undefined;
}

interface Opened {
  reason: Reason;
  /** The client whose calls are kept away; undefined: those of all clients are. */
  client: string | undefined;
  /** Trials with calls that did not fail the last time (`fresh`), and with calls that did (`again`). */
  readonly fresh: Trial<CircuitCall>;
  readonly again: Trial<CircuitCall>;
}

export interface CircuitOptions {
  /** Called with the reason when the circuit opens, and with undefined when it closes. */
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

  /** @param caller undefined: any caller whose calls are kept away, if there is one */
  standing(caller?: Caller): Standing {
    if (this.#opened === undefined || !concerns(this.#opened, caller)) return 'good';
    if (this.#trialOf(this.#opened, caller).open) return 'trial';
    return this.#opened.reason === 'refused' ? 'refused' : 'out';
  }

  /** Milliseconds until the next trial; 0 when it is due, or under way. */
  retryInMs(caller?: Caller): number {
    return this.#opened ? this.#trialOf(this.#opened, caller).inMs : 0;
  }

  /** Milliseconds for which this call must not be made here, since it has failed too often; 0: it may be made. */
  barredMs({ content }: Caller): number {
    if (content === undefined) return 0;
    return this.#suspects.barredMs(content, { failures: FAILURES, ms: FAILING_MS }, this.#now());
  }

  /** Whether there are calls that failed the last time. */
  get hasSuspects(): boolean {
    return this.#suspects.size > 0;
  }

  /** The listener is called whenever the standing may have changed. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** A call is about to be made. While the standing is `trial`, it is the trial. */
  begin(caller?: Caller): CircuitCall {
    const now = this.#now();
    const call: CircuitCall = { startedAt: now, caller, whileOpen: this.#opened };
    if (this.#opened !== undefined && this.standing(caller) === 'trial') {
      this.#trialOf(this.#opened, caller).begin(call);
      this.#notify();
    }
    if (caller?.content !== undefined) this.#suspects.tried(caller.content, now);
    return call;
  }

  end(call: CircuitCall, result: CallResult): void {
    const counts = this.#suspect(call, result);
    if (this.#opened === undefined) this.#count(call, result, counts);
    else this.#judge(this.#opened, call, result, counts);
  }

  /**
   * Notes whether the call has failed.
   * @returns whether its failure may be the upstream's fault: not if the same call already failed before the upstream's last
   *   success, and has failed each time since
   */
  #suspect({ caller, startedAt }: CircuitCall, result: CallResult): boolean {
    const content = caller?.content;
    if (content === undefined) return true;
    const now = this.#now();
    const since = this.#suspects.since(content, now);
    if (result === 'failed') this.#suspects.failed(content, startedAt, now);
    else if (result !== 'nothing') this.#suspects.clear(content);
    return since === undefined || since >= this.#succeededAt;
  }

  #count(call: CircuitCall, result: CallResult, counts: boolean): void {
    if (result === 'ok' || result === 'alive') this.#succeeded();
    else if (result === 'refused') this.#open('refused', undefined);
    else if (result === 'failed' && counts && this.#isEnough(call)) this.#open('failed', call.caller?.client);
  }

  #isEnough({ caller, startedAt }: CircuitCall): boolean {
    return this.#evidence.add(caller ?? {}, Math.max(startedAt, this.#succeededAt), this.#now());
  }

  #judge(opened: Opened, call: CircuitCall, result: CallResult, counts: boolean): void {
    const trial = [opened.fresh, opened.again].find((trial) => trial.isMadeBy(call));
    const well = result === 'ok' || (result === 'alive' && opened.reason === 'failed');
    // The answer to a call that began before the circuit opened says nothing about now. But a target that refused us is
    // called without a trial, too, when there is no other, so each success counts.
    if (well && (call.whileOpen === opened || opened.reason === 'refused')) {
      this.#close();
    } else if (trial && (result === 'nothing' || result === 'alive')) {
      trial.repeat();
      this.#notify();
    } else if (trial) {
      if (result === 'refused') opened.reason = 'refused';
      trial.pause(Math.min(2 * trial.pauseMs, LONGEST_PAUSE_MS[opened.reason]));
      this.#notify();
    } else if (result === 'failed' && counts && !concerns(opened, call.caller) && this.#isEnough(call)) {
      // The calls of a second client fail as well: the first client's calls were not the cause.
      opened.client = undefined;
      this.#notify();
    }
  }

  #open(reason: Reason, client: string | undefined): void {
    const trial = (): Trial<CircuitCall> => new Trial(this.#now, () => this.#notify());
    this.#opened = { reason, client, fresh: trial(), again: trial() };
    this.#onSwitch(reason);
    this.#opened.fresh.pause(FIRST_PAUSE_MS);
    // Later, since a call that has not failed before says more, and one may come meanwhile.
    this.#opened.again.pause(2 * FIRST_PAUSE_MS);
    this.#notify();
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
    this.#notify();
  }

  #succeeded(): void {
    this.#evidence.clear();
    this.#succeededAt = this.#now();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

const concerns = ({ client }: Opened, caller: Caller | undefined): boolean =>
  client === undefined || caller === undefined || caller.client === client;
