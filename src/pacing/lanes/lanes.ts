/** Which of a model's lanes a call may take. */

import type { Again } from '../../calls/attempt.ts';
import type { Health } from '../../upstream/health.ts';
import type { Caller } from '../../upstream/suspects.ts';
import type { FleetWindow } from '../window/fleet-window.ts';
import { inCommon, type Schedules } from '../window/schedule.ts';

export interface Lane {
  /** Alias of the attachment. */
  readonly attachment: string;
  readonly window: FleetWindow;
  readonly health: Health;
}

const isUp = ({ health }: Lane, caller: Caller | undefined): boolean => {
  const standing = health.standing(caller);
  return standing === 'good' || standing === 'trial';
};

export class Lanes<L extends Lane> {
  readonly all: readonly L[];
  /** Who has served last comes last. */
  #order: readonly L[];

  constructor(lanes: readonly L[]) {
    this.all = lanes;
    this.#order = lanes;
  }

  /** Nobody is kept away from any of them, and no call is suspected there. */
  get good(): boolean {
    return this.all.every(({ health }) => health.standing() === 'good' && !health.hasSuspects);
  }

  /**
   * Those that are up and have not failed the call; else, those that are up; else, those that refuse us.
   * @param caller of the call; undefined: one of those that are kept away, if any are
   */
  for(again: Again | undefined, caller?: Caller): readonly L[] {
    // As it is nearly always.
    if (again === undefined && this.good) return this.all;
    const allowed = this.all.filter(({ attachment }) => !again?.never.has(attachment));
    const up = allowed.filter((lane) => isUp(lane, caller));
    const others = up.filter(
      ({ attachment, health }) => !again?.avoid.has(attachment) && !(caller && health.barredMs(caller) > 0),
    );
    if (others.length > 0) return others;
    return up.length > 0 ? up : allowed.filter(({ health }) => health.standing(caller) === 'refused');
  }

  /** Which calls the lane may serve: one look at all lanes, for as many calls as are asked about in the same step. */
  servedBy(lane: L): (call: Caller & { readonly again: Again | undefined }) => boolean {
    // While all is well, every lane serves every new call.
    const { good } = this;
    return (call) => (good && call.again === undefined) || this.for(call.again, call).includes(lane);
  }

  /** Milliseconds for which this very call is to be made nowhere, since it has failed too often; 0: it may be. */
  barredMs(again: Again | undefined, caller: Caller): number {
    const lanes = this.for(again, caller);
    return lanes.length > 0 ? Math.min(...lanes.map(({ health }) => health.barredMs(caller))) : 0;
  }

  /**
   * All, beginning with the one that has not served for longest: of several that have room, the first to be asked serves.
   * While there is little to do one alone would serve all, and of the others nobody would know whether they are well.
   */
  inTurn(): readonly L[] {
    return this.#order;
  }

  /** It has got a call. Turns go by that and not by who comes: of callers in step, every other one may find all done. */
  served(lane: L): void {
    if (this.#order.at(-1) !== lane) this.#order = [...this.#order.filter((other) => other !== lane), lane];
  }

  /** Another than this one is up, and has not failed the call. */
  hasOther(lane: L, again: Again | undefined, caller: Caller): boolean {
    return this.all.some(
      (other) =>
        other !== lane &&
        isUp(other, caller) &&
        !again?.avoid.has(other.attachment) &&
        !again?.never.has(other.attachment),
    );
  }

  /** @see Window.schedules, over all lanes that the call may take; undefined when there is none. */
  schedules(again: Again | undefined, latencyMs: number, caller?: Caller): Schedules | undefined {
    const lanes = this.for(again, caller);
    const sure = lanes.filter(({ health }) => health.standing(caller) === 'good');
    // A lane on trial takes one call, and may take no more: nothing is promised on it while others are well.
    const schedules = (sure.length > 0 ? sure : lanes).map(({ window }) => window.schedules(latencyMs));
    return schedules.length > 1 ? inCommon(schedules) : schedules[0];
  }

  /** What is known of other processes is of this moment afterwards; undefined: there are none. Never rejects. */
  refresh(again: Again | undefined, caller: Caller): Promise<unknown> | undefined {
    const refreshes = this.for(again, caller).flatMap(({ window }) => window.refresh() ?? []);
    return refreshes.length > 0 ? Promise.all(refreshes) : undefined;
  }

  /** Milliseconds until the first of the lanes is tried again. */
  retryInMs(caller?: Caller): number {
    return Math.min(...this.all.map(({ health }) => health.retryInMs(caller)));
  }
}
