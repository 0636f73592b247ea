/** Serves one lane: takes places from its window, as long as somebody waits whom it may serve. */

import Bottleneck from 'bottleneck';
import type { Health } from '../../upstream/health.ts';
import { type Block, type Clientele, type Grant, MOST_AT_ONCE, type Window } from '../window/window.ts';
import type { Lane } from './lanes.ts';

export interface Customers extends Clientele {
  /** Calls that wait for this lane, or for whichever is free first; of more than `most`, no more are counted. */
  wanted(most: number): number;
  /** Gives the place to whoever is due; false when nobody waits for it any more. */
  serve(grant: Grant): boolean;
}

export class LaneServer implements Lane {
  readonly attachment: string;
  readonly window: Window;
  readonly health: Health;
  readonly #customers: Customers;
  readonly #bottleneck = new Bottleneck({ maxConcurrent: 1 });
  /** It serves, or waits for a place. */
  #serving = false;
  #block: Block | undefined;
  /** When it last stopped waiting for a place. */
  #wokeAt = Number.NEGATIVE_INFINITY;
  #nudged = false;
  /** Ends the sleep, while it is asleep. */
  #wake: (() => void) | undefined;

  constructor({ attachment, window, health }: Lane, customers: (self: LaneServer) => Customers) {
    this.attachment = attachment;
    this.window = window;
    this.health = health;
    this.#customers = customers(this);
    window.attend?.(this.#customers);
  }

  /** Why the window had no place the last time, while it has not been asked again. */
  get block(): Block | undefined {
    return this.#wake ? this.#block : undefined;
  }

  /** Why the window had no place at some time since then; undefined when it always had one. */
  blockSince(moment: number): Block | undefined {
    return this.#wake || this.#wokeAt >= moment ? this.#block : undefined;
  }

  /** To be called whenever a call may be waiting for this lane that did not before. */
  request(): void {
    if (this.#serving || this.#customers.wanted(1) === 0) return;
    this.#serving = true;
    void this.#bottleneck
      .schedule(() => this.#serve())
      .finally(() => {
        this.#serving = false;
        this.request();
      });
  }

  /**
   * To be called when the window is to be asked again before it said so: another call is first in line here, whose turn
   * it may be elsewhere, too, or a place was not used.
   */
  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  /** Until nobody waits, or so many were served: other lanes of the same queue are to have their part of a burst. */
  async #serve(): Promise<void> {
    const { wanted, serve } = this.#customers;
    let left = MOST_AT_ONCE;
    for (let most = wanted(left); most > 0; most = wanted(left)) {
      this.#nudged = false;
      const admission = await this.window.admit(most);
      if ('retryInMs' in admission) {
        this.#block = admission.reason;
        if (!this.#nudged) await this.#sleep(admission.retryInMs);
        this.#wokeAt = performance.now();
        continue;
      }
      for (const grant of admission.grants) if (!serve(grant)) grant.entry.cancel();
      left -= admission.grants.length;
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      // Rounded up: a timer that fires a fraction early would only find the window closed and sleep again.
      const timer = setTimeout(wake, Math.ceil(ms));
      timer.unref();
      this.#wake = wake;
    });
  }
}
