/** Leave to make one call at one attachment. */

import type { Verdict, Wait } from '../calls/attempt.ts';
import type { LaneServer } from './lanes/lane-server.ts';
import type { Latency } from './queue/latency.ts';
import type { Ticket } from './ticket.ts';
import type { CallOutcome, WindowEntry } from './window/window.ts';

export interface Slot {
  readonly attachment: string;
  /** There is another attachment that the call could go to. */
  readonly replaceable: boolean;
  readonly wait: Wait;
  /** The call is over. */
  release(outcome: CallOutcome & { readonly verdict: Verdict }): void;
  /** No call was made. */
  giveBack(): void;
}

export interface SlotOptions {
  readonly server: LaneServer;
  readonly ticket: Ticket;
  readonly entry: WindowEntry;
  readonly replaceable: boolean;
  /** Is told how long calls take. */
  readonly latency: Latency;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** To be called when the call may start: from then on it counts in the attachment's health. */
export const createSlot = ({ server, ticket, entry, replaceable, latency, now }: SlotOptions): Slot => {
  const started = now();
  const ended = server.health.begin({ client: ticket.client, content: ticket.content });
  return {
    attachment: server.attachment,
    replaceable,
    wait: { predictedMs: ticket.waitMs, reason: ticket.blockAt(server) ?? 'none' },
    release(outcome) {
      entry.complete(outcome);
      // A refusal comes sooner than scores do, so only scores tell how long calls take.
      if (outcome.verdict === 'scored') latency.observe(now() - started);
      ended(outcome.verdict);
    },
    giveBack() {
      entry.cancel();
      ended('unknown');
      // There is a place now, sooner than those who wait were told.
      server.nudge();
    },
  };
};
