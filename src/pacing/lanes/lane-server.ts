/** Serves one lane: takes places from its window, as long as somebody waits whom it may serve. */

import Bottleneck from 'bottleneck';
import type { Health } from '../../upstream/health.ts';
import type { FleetWindow } from '../window/fleet-window.ts';
import {
  type Admission,
  type Backlog,
  type Block,
  type Blocked,
  type Grant,
  MOST_AT_ONCE,
} from '../window/window.ts';
import type { Lane } from './lanes.ts';

/** What waits for one lane. */
export interface LaneBacklog extends Backlog {
  /** Calls that wait for this lane, or for whichever is free first; of more than `most`, no more are counted. */
  wanted(most: number): number;
  /** Gives the place to whoever is due; false when nobody waits for it any more. */
  serve(grant: Grant): boolean;
}

export class LaneServer implements Lane {
  readonly attachment: string;
  readonly window: FleetWindow;
  readonly health: Health;
  readonly #backlog: LaneBacklog;
  readonly #bottleneck = new Bottleneck({ maxConcurrent: 1 });
  /** It serves, or waits for a place. */
  #serving = false;
  #block: Block | undefined;
  /** When it last stopped waiting for a place. */
  #wokeAt = Number.NEGATIVE_INFINITY;
  #nudged = false;
  /** Ends the sleep, while it is asleep. */
  #wake: (() => void) | undefined;

  constructor({ attachment, window, health }: Lane, backlog: (self: LaneServer) => LaneBacklog) {
    this.attachment = attachment;
    this.window = window;
    this.health = health;
    this.#backlog = backlog(this);
    window.attach(this.#backlog);
  }

  /** Why the window had no place the last time, while it has not been asked again. */
  get block(): Block | undefined {
    return this.#wake ? this.#block : undefined;
  }

  /** Why the window had no place at some time since then; undefined when it always had one. */
  blockSince(moment: number): Block | undefined {
    return this.#wake || this.#wokeAt >= moment ? this.#block : undefined;
  }

  /**
   * To be called whenever a call may be waiting for this lane that did not before. The first one asks for its permit at once;
   * only when there is none, or more have come meanwhile, do they queue.
   */
  request(): void {
    if (this.#serving || this.#backlog.wanted(1) === 0) return;
    this.#serving = true;
    void this.#take(MOST_AT_ONCE)
      .then((admission) => this.#queue(admission))
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

  async #queue(admission: Admission): Promise<void> {
    if (this.#backlog.wanted(1) === 0) return;
    await this.#bottleneck.schedule(() => this.#serve('retryInMs' in admission ? admission : undefined));
  }

  /**
   * Until nobody waits, or so many were served: other lanes of the same queue are to have their part of a burst.
   * @param blocked what the window has just said; undefined: it is to be asked
   */
  async #serve(blocked: Blocked | undefined): Promise<void> {
    let left = MOST_AT_ONCE;
    while (left > 0 && this.#backlog.wanted(1) > 0) {
      if (blocked !== undefined) {
        if (!this.#nudged) await this.#sleep(blocked.retryInMs);
        this.#wokeAt = performance.now();
        blocked = undefined;
        continue;
      }
      const admission = await this.#take(left);
      if ('retryInMs' in admission) blocked = admission;
      else left -= admission.grants.length;
    }
  }

  /** Asks the window for what is wanted, at most so much, and hands it out. */
  async #take(most: number): Promise<Admission> {
    const { wanted, serve } = this.#backlog;
    this.#nudged = false;
    const admission = await this.window.admit(wanted(most));
    if ('retryInMs' in admission) this.#block = admission.reason;
    else for (const grant of admission.grants) if (!serve(grant)) grant.entry.cancel();
    return admission;
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
