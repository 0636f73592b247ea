/** Serves one lane: takes places from its window, as long as somebody waits whom it may serve. */

import Bottleneck from 'bottleneck';
import type { Permit } from '../calls/permit.ts';
import { type Attachment, type Attempt, areGood, choose, hasOther } from '../upstream/choice.ts';
import type { Health } from '../upstream/health.ts';
import type { FairQueue } from './queue/fair-queue.ts';
import type { RecentCalls } from './queue/recent-calls.ts';
import type { Reservations } from './queue/reservations.ts';
import type { Ticket } from './ticket.ts';
import type { FleetWindow } from './window/fleet-window.ts';
import { lineOf } from './window/line.ts';
import {
  type Backlog,
  type Block,
  type Blocked,
  type Grant,
  type Line,
  MOST_AT_ONCE,
  type Turns,
} from './window/window.ts';

/** An attachment's budget for one model. */
export interface Lane extends Attachment {
  readonly window: FleetWindow;
}

/** The calls of one model in this process, and who serves them. */
export interface Traffic {
  readonly queue: FairQueue<Ticket>;
  readonly recent: RecentCalls;
  readonly reservations: Reservations;
  /**
   * Who has served last comes last: of several that have room, the first to be asked serves. While there is little to do one
   * alone would serve all, and of the others nobody would know whether they are well.
   */
  readonly lanes: LaneServer[];
  /** No more calls may wait. */
  readonly maxQueue: number;
}

export class LaneServer implements Lane, Backlog {
  readonly attachment: string;
  readonly window: FleetWindow;
  readonly health: Health;
  readonly #traffic: Traffic;
  readonly #bottleneck = new Bottleneck({ maxConcurrent: 1 });
  /** It serves, or waits for a place. */
  #serving = false;
  /** What the window has said that had no place, while it has not been asked again. */
  #blocked: Blocked | undefined;
  /** Why it had none the last time, and until when. */
  #block: Block | undefined;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #woken = false;
  /** Ends the sleep, while it is asleep. */
  #endSleep: (() => void) | undefined;

  constructor({ attachment, window, health }: Lane, traffic: Traffic) {
    this.attachment = attachment;
    this.window = window;
    this.health = health;
    this.#traffic = traffic;
    window.attach(this);
  }

  /** Why the window has no place, as far as is known. */
  get block(): Block | undefined {
    return this.#blocked?.reason;
  }

  /**
   * To be called whenever a call may be waiting for this lane that did not before.
   * @param ticket which it is, if it has a new place: if it is first in line here, it may be its turn elsewhere, too
   */
  request(ticket?: Ticket): void {
    if (ticket && this.#traffic.queue.first(this.#fits) === ticket) this.wake();
    if (this.#serving || this.#wanted(1) === 0) return;
    this.#serving = true;
    void this.#serve().finally(() => {
      this.#serving = false;
      this.request();
    });
  }

  /** The window is to be asked again before it said so. */
  wake(): void {
    this.#woken = true;
    this.#endSleep?.();
  }

  /** @see Backlog */
  due(): number {
    return this.#traffic.queue.first(this.#fits)?.asks ?? 0;
  }

  /** @see Backlog */
  line(): Line {
    const { queue, recent } = this.#traffic;
    const [fits, now] = [this.#fits, performance.now()];
    const clients = new Set([...recent.clients(now), ...queue.clients()]);
    const waiting = [...clients].map((client) => ({
      client,
      weight: queue.weightOf(client),
      calls: queue.of(client).filter(fits),
      arrived: recent.within(client, recent.periodMs, now),
    }));
    return lineOf(waiting, now);
  }

  /** @see Backlog */
  adopt(turns: Turns): void {
    this.#traffic.queue.adopt(turns);
  }

  /** Which calls it may serve: one look at all lanes, for as many calls as are asked about in the same step. */
  get #fits(): (call: Attempt) => boolean {
    const { lanes } = this.#traffic;
    // While all is well, every lane serves every new call.
    const good = areGood(lanes);
    return (call) => (good && call.again === undefined) || choose(lanes, call).includes(this);
  }

  /** Calls that it may serve; of more than `most`, no more are counted. */
  #wanted(most: number): number {
    const fits = this.#fits;
    let count = 0;
    for (const ticket of this.#traffic.queue) {
      if (count >= most) break;
      if (fits(ticket)) count++;
    }
    return count;
  }

  /** The first call asks for its permit at once; only when there is none, or more have come meanwhile, do they queue. */
  async #serve(): Promise<void> {
    await this.#take();
    if (this.#wanted(1) === 0) return;
    await this.#bottleneck.schedule(async () => {
      // No more in a row, so that everybody else has a turn: what lives in memory alone grants without ever waiting.
      for (let step = 0; step < MOST_AT_ONCE && this.#wanted(1) > 0; step++) {
        await (this.#blocked ? this.#sleep(this.#blocked) : this.#take());
      }
    });
  }

  /** Asks the window for what is wanted, and hands it out. */
  async #take(): Promise<void> {
    this.#woken = false;
    this.#blocked = undefined;
    const admission = await this.window.admit(this.#wanted(MOST_AT_ONCE));
    if ('retryInMs' in admission) this.#blocked = admission;
    else for (const grant of admission.grants) if (!this.#grant(grant)) grant.entry.cancel();
  }

  /** Until the window is to be asked again. */
  async #sleep({ retryInMs, reason }: Blocked): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#endSleep = resolve;
      if (this.#woken) resolve();
      // Rounded up: a timer that fires a fraction early would only find the window closed and sleep again.
      else timer = setTimeout(resolve, Math.ceil(retryInMs)).unref();
    });
    clearTimeout(timer);
    this.#endSleep = undefined;
    this.#blocked = undefined;
    [this.#block, this.#blockedUntil] = [reason, performance.now()];
  }

  /** Gives a place to whoever is due; false when nobody waits for it any more, or needs more. */
  #grant(grant: Grant): boolean {
    const { queue, recent, lanes } = this.#traffic;
    const fits = this.#fits;
    // The client whose turn it is may have nothing left that waits.
    const turn = grant.client !== undefined && queue.first(fits, grant.client) ? grant.client : undefined;
    const due = queue.first(fits, turn);
    if (due === undefined) return false;
    if (due.cost > grant.tokens) {
      due.outgrow();
      return false;
    }
    queue.shift(fits, turn);
    recent.cost(due.tokens);
    // Turns go by who has got a call and not by who comes: of callers in step, every other one may find all done.
    if (lanes.at(-1) !== this) lanes.push(...lanes.splice(lanes.indexOf(this), 1));
    due.grant(() => this.#permitFor(due, grant));
    return true;
  }

  /** From now on the call counts in the attachment's health. */
  #permitFor(ticket: Ticket, { entry, tokens }: Grant): Permit {
    const { recent, lanes } = this.#traffic;
    const started = performance.now();
    const replaceable = hasOther(lanes, this, ticket);
    const ended = this.health.begin({ client: ticket.client, content: ticket.content });
    return {
      attachment: this.attachment,
      replaceable,
      wait: {
        predictedMs: ticket.waitMs,
        reason: (this.#blockedUntil >= ticket.since && this.#block) || 'none',
      },
      release: (outcome) => {
        entry.complete(outcome);
        // A refusal comes sooner than scores do, so only scores tell how long calls take.
        if (outcome.verdict === 'scored') recent.lasted(performance.now() - started);
        ended(outcome.verdict);
        // What it has not cost is there now, sooner than those who wait were told.
        if (outcome.tokens !== undefined && outcome.tokens < tokens) this.wake();
      },
      giveBack: () => {
        entry.cancel();
        ended('unknown');
        // There is a permit now, sooner than those who wait were told.
        this.wake();
      },
    };
  }
}
