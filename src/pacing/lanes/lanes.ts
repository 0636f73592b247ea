/** Which of a model's lanes a call may take. */

import type { Again } from '../../rerank/attempt.ts';
import { CommonSchedule, type Schedule } from '../window/schedule.ts';
import type { Window } from '../window/window.ts';
import type { Health } from './health.ts';

export interface Lane {
  /** Alias of the attachment. */
  readonly attachment: string;
  readonly window: Window;
  readonly health: Health;
}

const isUp = ({ health }: Lane): boolean => health.standing === 'good' || health.standing === 'trial';

export class Lanes<L extends Lane> {
  readonly all: readonly L[];

  constructor(lanes: readonly L[]) {
    this.all = lanes;
  }

  /** Those that are up and have not failed the call; else, those that are up; else, those that refuse us. */
  for(again: Again | undefined): readonly L[] {
    const allowed = this.all.filter(({ attachment }) => !again?.never.has(attachment));
    const up = allowed.filter(isUp);
    const others = up.filter(({ attachment }) => !again?.avoid.has(attachment));
    if (others.length > 0) return others;
    return up.length > 0 ? up : allowed.filter(({ health }) => health.standing === 'refused');
  }

  /** Another than this one is up, and has not failed the call. */
  hasOther(lane: L, again: Again | undefined): boolean {
    return this.all.some(
      (other) =>
        other !== lane &&
        isUp(other) &&
        !again?.avoid.has(other.attachment) &&
        !again?.never.has(other.attachment),
    );
  }

  /** @see Window.schedule, over all lanes that the call may take; undefined when there is none. */
  schedule(again: Again | undefined, latencyMs: number): Schedule | undefined {
    const lanes = this.for(again);
    const sure = lanes.filter(({ health }) => health.standing === 'good');
    // A lane on trial takes one call, and may take no more: nothing is promised on it while others are well.
    const schedules = (sure.length > 0 ? sure : lanes).map(({ window }) => window.schedule(latencyMs));
    return schedules.length > 1 ? new CommonSchedule(schedules) : schedules[0];
  }

  /** Other processes use one of the lanes that the call may take. */
  shared(again: Again | undefined): boolean {
    return this.for(again).some(({ window }) => window.refresh !== undefined);
  }

  /** What is known of other processes is of this moment afterwards. Never rejects. */
  async refresh(again: Again | undefined): Promise<void> {
    await Promise.all(this.for(again).map(({ window }) => window.refresh?.()));
  }

  /** Milliseconds until the first of the lanes is tried again. */
  get retryInMs(): number {
    return Math.min(...this.all.map(({ health }) => health.retryInMs));
  }
}
