/** A call that waits for a slot, from its arrival until it is granted, refused or given up. */

import type { Terms } from '../calls/call.ts';
import type { RerankError } from '../calls/errors.ts';
import type { Caller } from '../upstream/suspects.ts';
import type { LaneServer } from './lanes/lane-server.ts';
import type { Spot } from './queue/admission-control.ts';
import type { Place, Queued } from './queue/fair-queue.ts';
import type { Slot } from './slot.ts';
import type { Block } from './window/window.ts';

/** What a call brings when it comes. */
export interface Asked {
  readonly terms: Terms;
  /** @see Slots.acquire in column/pace.ts */
  readonly question: string | undefined;
  readonly content: string | undefined;
  readonly onQueued: ((expectedAnswer: number) => void) | undefined;
}

/** Its client and urgency are the queue's to change while it waits there. */
export interface Ticket extends Queued, Pick<Asked, 'terms' | 'question'>, Pick<Caller, 'content'> {
  readonly again: Spot['again'];
  readonly waitMs: number;
  /** When it began to wait, monotonic milliseconds. */
  readonly since: number;
  /** Why the lane's window has had no place since then; undefined when it always had one. */
  readonly blockAt: (server: LaneServer) => Block | undefined;
  /** Tells who waits for it when the answer should be there, if that is later than they were told. */
  readonly expect: (answerAt: number) => void;
  /** The same, if it is sooner, too. */
  readonly expectAnew: (answerAt: number) => void;
  readonly grant: (slot: Slot) => void;
  readonly refuse: (error: RerankError) => void;
}

export interface TicketOptions {
  readonly asked: Asked;
  readonly spot: Spot;
  readonly servers: readonly LaneServer[];
  readonly now: number;
  /** Nobody waits for it any more. @returns whether it still waited */
  readonly onAbort: (ticket: Ticket) => boolean;
  /** Somebody else has joined the call, and would wait in this place if the call were his alone. */
  readonly onNewcomer: (ticket: Ticket, newcomer: Place) => void;
}

/** @returns the ticket, and what becomes of it: rejects as it is refused, or with the signal's reason */
export const createTicket = (options: TicketOptions): { ticket: Ticket; slot: Promise<Slot> } => {
  const { asked, spot, servers, now, onAbort, onNewcomer } = options;
  const { terms, question, content, onQueued } = asked;
  const { signal } = terms;
  const watched = new Map(servers.map((server) => [server, server.watch()]));
  let told = spot.answerAt;
  const expectAnew = (answerAt: number): void => {
    told = answerAt;
    onQueued?.(answerAt);
  };
  let ticket!: Ticket;
  const slot = new Promise<Slot>((resolve, reject) => {
    const abort = (): void => {
      forget();
      if (onAbort(ticket)) reject(signal.reason);
    };
    const forget = (): void => {
      signal.removeEventListener('abort', abort);
      unsubscribe?.();
    };
    ticket = {
      client: spot.client,
      urgency: spot.urgency,
      again: spot.again,
      waitMs: spot.waitMs,
      terms,
      question,
      content,
      since: now,
      blockAt: (server) => watched.get(server)!(),
      expect(answerAt) {
        if (answerAt > told) expectAnew(answerAt);
      },
      expectAnew,
      grant(granted) {
        forget();
        resolve(granted);
      },
      refuse(error) {
        forget();
        reject(error);
      },
    };
    const unsubscribe = terms.onNewcomer?.((newcomer) => onNewcomer(ticket, newcomer));
    signal.addEventListener('abort', abort, { once: true });
  });
  return { ticket, slot };
};
