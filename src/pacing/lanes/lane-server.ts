/** Serves one lane: takes places from its window, as long as somebody waits whom it may serve. */

import Bottleneck from 'bottleneck';
import type { Permit } from '../../calls/permit.ts';
import type { Health } from '../../upstream/health.ts';
import type { ArrivalRates } from '../queue/arrival-rates.ts';
import type { FairQueue } from '../queue/fair-queue.ts';
import type { UsualCall } from '../queue/usual-call.ts';
import type { Ticket } from '../ticket.ts';
import type { FleetWindow } from '../window/fleet-window.ts';
import { lineOf } from '../window/line.ts';
import {
  type Block,
  type Blocked,
  type Grant,
  type Line,
  MOST_AT_ONCE,
  type Turns,
  type Backlog as WindowBacklog,
} from '../window/window.ts';
import type { Attempt, Lane, Lanes } from './lanes.ts';

/** What waits for all lanes of a model together. */
export interface Backlog {
  readonly queue: FairQueue<Ticket>;
  readonly rates: ArrivalRates;
  /** Is told what calls cost and how long they take. */
  readonly usual: UsualCall;
}

export class LaneServer implements Lane, WindowBacklog {
  readonly attachment: string;
  readonly window: FleetWindow;
  readonly health: Health;
  readonly #lanes: Lanes;
  readonly #backlog: Backlog;
  readonly #bottleneck = new Bottleneck({ maxConcurrent: 1 });
  /** It serves, or waits for a place. */
  #serving = false;
  #block: Block | undefined;
  /** When it last stopped waiting for a place. */
  #wokeAt = Number.NEGATIVE_INFINITY;
  #woken = false;
  /** Ends the sleep, while it is asleep. */
  #endSleep: (() => void) | undefined;

  constructor({ attachment, window, health }: Lane, lanes: Lanes, backlog: Backlog) {
    this.attachment = attachment;
    this.window = window;
    this.health = health;
    this.#lanes = lanes;
    this.#backlog = backlog;
    window.attach(this);
  }

  /** Why the window had no place the last time, while it has not been asked again. */
  get block(): Block | undefined {
    return this.#endSleep ? this.#block : undefined;
  }

  /** To be called whenever a call waits, or may be served here, that did not before. */
  request(): void {
    if (this.#serving || this.#wanted(1) === 0) return;
    this.#serving = true;
    void this.#serve().finally(() => {
      this.#serving = false;
      this.request();
    });
  }

  /**
   * The window is to be asked again before it said so: another call is first in line here, whose turn it may be elsewhere,
   * too, or a place was not used.
   */
  wake(): void {
    this.#woken = true;
    this.#endSleep?.();
  }

  /** Tokens that the call asks for that is due first here. */
  due(): number {
    return this.#backlog.queue.first(this.#fits)?.asks ?? 0;
  }

  /** What the other processes are told that this lane has to serve in this one. */
  line(): Line {
    const { queue, rates } = this.#backlog;
    const [fits, now] = [this.#fits, performance.now()];
    const clients = new Set([...rates.clients(now), ...queue.clients()]);
    const waiting = [...clients].map((client) => ({
      client,
      weight: queue.weightOf(client),
      calls: queue.of(client).filter(fits),
      arrived: rates.within(client, rates.periodMs, now),
    }));
    return lineOf(waiting, now);
  }

  adopt(turns: Turns): void {
    this.#backlog.queue.adopt(turns);
  }

  /** Calls that it may serve. */
  get #fits(): (call: Attempt) => boolean {
    return this.#lanes.servedBy(this);
  }

  #wanted(most: number): number {
    return this.#backlog.queue.count(this.#fits, most);
  }

  /** The first one asks for its permit at once; only when there is none, or more have come meanwhile, do they queue. */
  async #serve(): Promise<void> {
    let blocked = await this.#take();
    if (this.#wanted(1) === 0) return;
    await this.#bottleneck.schedule(async () => {
      while (this.#wanted(1) > 0) {
        if (blocked === undefined) blocked = await this.#take();
        else {
          if (!this.#woken) await this.#sleep(blocked.retryInMs);
          this.#wokeAt = performance.now();
          blocked = undefined;
        }
      }
    });
  }

  /** Asks the window for what is wanted, and hands it out. @returns why there is nothing */
  async #take(): Promise<Blocked | undefined> {
    this.#woken = false;
    const admission = await this.window.admit(this.#wanted(MOST_AT_ONCE));
    if ('retryInMs' in admission) {
      this.#block = admission.reason;
      return admission;
    }
    for (const grant of admission.grants) if (!this.#grant(grant)) grant.entry.cancel();
    return undefined;
  }

  /** Gives a place to whoever is due; false when nobody waits for it any more, or needs more. */
  #grant(grant: Grant): boolean {
    const { queue, usual } = this.#backlog;
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
    usual.costs(due.tokens);
    this.#lanes.served(this);
    due.grant(() => this.#permitFor(due, grant));
    return true;
  }

  /** From now on the call counts in the attachment's health. */
  #permitFor(ticket: Ticket, { entry, tokens }: Grant): Permit {
    const { usual } = this.#backlog;
    const started = performance.now();
    const replaceable = this.#lanes.hasOther(this, ticket);
    const ended = this.health.begin({ client: ticket.client, content: ticket.content });
    const wasBlocked = this.#endSleep !== undefined || this.#wokeAt >= ticket.since;
    return {
      attachment: this.attachment,
      replaceable,
      wait: { predictedMs: ticket.waitMs, reason: (wasBlocked && this.#block) || 'none' },
      release: (outcome) => {
        // No call has cost more than all that a window has, whatever its bill says.
        const spent = outcome.tokens && Math.min(outcome.tokens, this.#lanes.mostTokens);
        entry.complete({ ...outcome, tokens: spent });
        // A refusal comes sooner than scores do, so only scores tell how long calls take.
        if (outcome.verdict === 'scored') usual.lasted(performance.now() - started);
        ended(outcome.verdict);
        // What it has not cost is there now, sooner than those who wait were told.
        if (spent !== undefined && spent < tokens) this.wake();
      },
      giveBack: () => {
        entry.cancel();
        ended('unknown');
        // There is a permit now, sooner than those who wait were told.
        this.wake();
      },
    };
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#endSleep = undefined;
        resolve();
      };
      // Rounded up: a timer that fires a fraction early would only find the window closed and sleep again.
      const timer = setTimeout(end, Math.ceil(ms));
      timer.unref();
      this.#endSleep = end;
    });
  }
}
