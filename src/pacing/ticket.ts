/** A call that waits for a permit, from its arrival until it is granted, refused or given up. */

import type { Terms } from '../calls/call.ts';
import type { RerankError } from '../calls/errors.ts';
import type { Asked, Permit } from '../calls/permit.ts';
import type { LaneServer } from './lanes/lane-server.ts';
import type { Spot, Waiter } from './queue/admission.ts';
import type { Place } from './queue/fair-queue.ts';
import type { Latency } from './queue/latency.ts';
import type { WindowEntry } from './window/window.ts';

/** What a call brings when it comes. */
export interface Brought extends Pick<Asked, 'question' | 'tokens' | 'onQueued' | 'onGrant'> {
  readonly terms: Terms;
  readonly content: string | undefined;
  /** No call costs more than all that a window has. */
  readonly mostTokens: number;
}

export interface TicketEvents {
  /** Nobody waits for it any more. @returns whether it still waited */
  readonly onAbort: (ticket: Ticket) => boolean;
  /** Somebody else has joined the call, and would wait in this place if the call were his alone. */
  readonly onNewcomer: (ticket: Ticket, newcomer: Place) => void;
}

export interface Granted {
  readonly server: LaneServer;
  readonly entry: WindowEntry;
  /** What the call may cost. */
  readonly tokens: number;
  readonly replaceable: boolean;
  /** Is told how long calls take. */
  readonly latency: Latency;
}

export class Ticket implements Waiter {
  client: string;
  urgency: number;
  /** As predicted, milliseconds. */
  waitMs: number;
  readonly again: Spot['again'];
  readonly terms: Terms;
  readonly question: string | undefined;
  readonly content: string | undefined;
  /** When it began to wait, monotonic milliseconds. */
  readonly since = performance.now();
  readonly patienceMs: number;
  /** Rejects as the call is refused, or with the signal's reason. */
  readonly permit: Promise<Permit>;
  readonly #brought: Brought;
  #told: number;
  /** It has outgrown what it had asked for. */
  #grows = false;
  #end!: () => void;
  #resolve!: (permit: Permit) => void;
  #reject!: (reason: unknown) => void;

  constructor(brought: Brought, spot: Spot, { onAbort, onNewcomer }: TicketEvents) {
    const { terms, question, content } = brought;
    [this.client, this.urgency, this.again] = [spot.client, spot.urgency, spot.again];
    [this.terms, this.question, this.content, this.#brought] = [terms, question, content, brought];
    [this.waitMs, this.#told] = [spot.waitMs, spot.answerAt];
    this.patienceMs = terms.deadline - this.since;
    this.permit = new Promise((resolve, reject) => {
      [this.#resolve, this.#reject] = [resolve, reject];
    });
    const { signal } = terms;
    const abort = (): void => {
      if (onAbort(this)) this.refuse(signal.reason);
    };
    const unsubscribe = terms.onNewcomer?.((newcomer) => onNewcomer(this, newcomer));
    this.#end = () => {
      signal.removeEventListener('abort', abort);
      unsubscribe?.();
    };
    signal.addEventListener('abort', abort, { once: true });
  }

  /** What it is likely to cost if it is made now. */
  get tokens(): number {
    const { tokens, mostTokens } = this.#brought;
    return Math.min(tokens?.likely() ?? 0, mostTokens);
  }

  /** What it costs at most if it is made now. */
  get cost(): number {
    const { tokens, mostTokens } = this.#brought;
    return Math.min(tokens?.most() ?? 0, mostTokens);
  }

  /** The tokens that it asks for: if others join it while it asks, for those who will have come when it hears, too. */
  get asks(): number {
    const { tokens, mostTokens } = this.#brought;
    return this.#grows && tokens ? Math.min(2 * this.cost, tokens.full(), mostTokens) : this.cost;
  }

  /** It has got a permit for fewer tokens than it costs by now, since others have joined it. */
  outgrow(): void {
    this.#grows = true;
  }

  /** Tells who waits for it when the answer should be there, if that is later than they were told. */
  expect(answerAt: number): void {
    if (answerAt > this.#told) this.expectAnew(answerAt);
  }

  /** The same, if it is sooner, too. */
  expectAnew(answerAt: number): void {
    this.#told = answerAt;
    this.#brought.onQueued?.(answerAt);
  }

  /** The call may start: from now on it counts in the attachment's health. */
  grant({ server, entry, tokens, replaceable, latency }: Granted): void {
    this.#end();
    const { onGrant, mostTokens } = this.#brought;
    onGrant?.();
    const started = performance.now();
    const ended = server.health.begin({ client: this.client, content: this.content });
    this.#resolve({
      attachment: server.attachment,
      replaceable,
      wait: { predictedMs: this.waitMs, reason: server.blockSince(this.since) ?? 'none' },
      release(outcome) {
        // No call has cost more than all that a window has, whatever its bill says.
        const spent = outcome.tokens && Math.min(outcome.tokens, mostTokens);
        entry.complete({ ...outcome, tokens: spent });
        // A refusal comes sooner than scores do, so only scores tell how long calls take.
        if (outcome.verdict === 'scored') latency.observe(performance.now() - started);
        ended(outcome.verdict);
        // What it has not cost is there now, sooner than those who wait were told.
        if (spent !== undefined && spent < tokens) server.nudge();
      },
      giveBack() {
        entry.cancel();
        ended('unknown');
        // There is a permit now, sooner than those who wait were told.
        server.nudge();
      },
    });
  }

  /** @param reason a `RerankError` */
  refuse(reason: RerankError): void {
    this.#end();
    this.#reject(reason);
  }
}
