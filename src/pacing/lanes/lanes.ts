/** Which of a model's lanes a call may take. */

import type { Again } from '../../calls/attempt.ts';
import { RerankError } from '../../calls/errors.ts';
import type { Health } from '../../upstream/health.ts';
import type { Caller } from '../../upstream/suspects.ts';
import type { FleetWindow } from '../window/fleet-window.ts';
import { inCommon, type Schedules } from '../window/schedule.ts';
import { type Backlog, LaneServer } from './lane-server.ts';

export interface Lane {
  /** Alias of the attachment. */
  readonly attachment: string;
  readonly window: FleetWindow;
  readonly health: Health;
}

/** Who makes a call, its content, and where it has failed. */
export interface Attempt extends Caller {
  readonly again?: Again | undefined;
}

const isUp = ({ health }: Lane, call: Attempt): boolean => {
  const standing = health.standing(call);
  return standing === 'good' || standing === 'trial';
};

const isNever = ({ attachment }: Lane, { again }: Attempt): boolean => again?.never.has(attachment) ?? false;

const isAvoided = ({ attachment }: Lane, { again }: Attempt): boolean =>
  again?.avoid.has(attachment) ?? false;

export class Lanes {
  /** Who has served last comes last. */
  readonly #all: LaneServer[];
  /** The most tokens that a call can cost: all that a window has. */
  readonly mostTokens: number;

  constructor(lanes: readonly Lane[], backlog: Backlog) {
    this.#all = lanes.map((lane) => new LaneServer(lane, this, backlog));
    this.mostTokens = Math.max(0, ...lanes.map(({ window }) => window.rules.tokenLimit ?? 0));
  }

  /**
   * All, beginning with the one that has not served for longest: of several that have room, the first to be asked serves.
   * While there is little to do one alone would serve all, and of the others nobody would know whether they are well.
   */
  get all(): readonly LaneServer[] {
    return this.#all;
  }

  /** It has got a call. Turns go by that and not by who comes: of callers in step, every other one may find all done. */
  served(lane: LaneServer): void {
    if (this.#all.at(-1) === lane) return;
    this.#all.splice(this.#all.indexOf(lane), 1);
    this.#all.push(lane);
  }

  /** Nobody is kept away from any of them, and no call is suspected there. */
  get #good(): boolean {
    return this.#all.every(({ health }) => health.standing() === 'good' && !health.hasSuspects);
  }

  /** Those that are up and have not failed the call; else, those that are up; else, those that refuse us. */
  for(call: Attempt): readonly LaneServer[] {
    // As it is nearly always.
    if (call.again === undefined && this.#good) return this.#all;
    const allowed = this.#all.filter((lane) => !isNever(lane, call));
    const up = allowed.filter((lane) => isUp(lane, call));
    const others = up.filter((lane) => !isAvoided(lane, call) && lane.health.barredMs(call) === 0);
    if (others.length > 0) return others;
    return up.length > 0 ? up : allowed.filter(({ health }) => health.standing(call) === 'refused');
  }

  /** Which calls the lane may serve: one look at all lanes, for as many calls as are asked about in the same step. */
  servedBy(lane: LaneServer): (call: Attempt) => boolean {
    // While all is well, every lane serves every new call.
    const good = this.#good;
    return (call) => (good && call.again === undefined) || this.for(call).includes(lane);
  }

  /** Another than this one is up, and has not failed the call. */
  hasOther(lane: LaneServer, call: Attempt): boolean {
    return this.#all.some(
      (other) => other !== lane && isUp(other, call) && !isAvoided(other, call) && !isNever(other, call),
    );
  }

  /** Why the call may be made nowhere, as none of them is up or it has failed too often; undefined: it may be. */
  outage(call: Attempt): RerankError | undefined {
    const lanes = this.for(call);
    const retryAfterMs = Math.min(
      ...(lanes.length > 0
        ? lanes.map(({ health }) => health.barredMs(call))
        : this.#all.map(({ health }) => health.retryInMs(call))),
    );
    if (lanes.length > 0 && retryAfterMs === 0) return undefined;
    return new RerankError('no_upstream', undefined, { retryAfterMs });
  }

  /** @see Window.schedules, over all lanes that the call may take; undefined when there is none. */
  schedules(call: Attempt, latencyMs: number): Schedules | undefined {
    const lanes = this.for(call);
    const sure = lanes.filter(({ health }) => health.standing(call) === 'good');
    // A lane on trial takes one call, and may take no more: nothing is promised on it while others are well.
    const schedules = (sure.length > 0 ? sure : lanes).map(({ window }) => window.schedules(latencyMs));
    return schedules.length > 1 ? inCommon(schedules) : schedules[0];
  }

  /** What is known of other processes is of this moment afterwards; undefined: there are none. Never rejects. */
  refresh(call: Attempt): Promise<unknown> | undefined {
    const refreshes = this.for(call).flatMap(({ window }) => window.refresh() ?? []);
    return refreshes.length > 0 ? Promise.all(refreshes) : undefined;
  }
}
