/**
 * A window that trusts nothing for a while: one call goes first, and what its answer says of the room left is believed; where it
 * says nothing, the others follow evenly spaced. Pure: times are monotonic milliseconds that callers pass.
 */

import { within } from './reading.ts';
import type { Cold, Grade } from './rule.ts';
import type { CallOutcome, WindowRules } from './window.ts';

export class ColdStart {
  #state: Cold | undefined;
  /** The call that went first, while it is out. */
  #probe: object | undefined;

  /** Undefined: the window trusts itself. */
  get state(): Cold | undefined {
    return this.#state;
  }

  /** @param latest no moment lies behind it, whoever tells of it */
  set(state: Cold | undefined, now: number, latest: number): void {
    this.#state = state && {
      even: state.even,
      until: within(state.until, now, latest),
      next: within(state.next, 0, latest),
    };
    this.#probe = undefined;
  }

  /** It has ended by itself. */
  expire(now: number): void {
    if (this.#state && this.#state.until <= now) this.#state = undefined;
  }

  /** @param next when the next call may go: after a first one when that must have ended, else after a spacing */
  grant(call: object, grade: Grade, next: { readonly probe: number; readonly even: number }): void {
    if (this.#state === undefined || (grade !== 'probe' && grade !== 'even')) return;
    this.#state = { ...this.#state, next: next[grade] };
    if (grade === 'probe') this.#probe = call;
  }

  /** All is known now. */
  end(): void {
    this.#state = undefined;
  }

  /**
   * If the call was the first one, it has ended, and has not told how much room there is.
   * @param nextEven when the next call may go; undefined: the upstream has not counted this one, so another goes first
   */
  endFirst(call: object, nextEven: number | undefined): void {
    if (this.#state === undefined || this.#probe !== call) return;
    this.#state = { ...this.#state, next: nextEven ?? 0, even: nextEven !== undefined };
    this.#probe = undefined;
  }
}

/** Whether a call's end tells all that is not known of a window. */
export const tellsAll = ({ remaining, remainingTokens }: CallOutcome, { tokenLimit }: WindowRules): boolean =>
  remaining !== undefined && (tokenLimit === undefined || remainingTokens !== undefined);
