/**
 * What a call has to expect in the queue: the window's rule, run ahead of time over all calls that are served before. That
 * is the bound that weighted fair queueing gives: a client that has calls waiting, here or elsewhere, goes on to have some
 * and takes all of its turns, so that only the share beside it is counted on. One that has none is taken to bring as many
 * as it did of late.
 */

import { type Attempt, choose } from '../../upstream/choice.ts';
import type { Traffic } from '../lane-server.ts';
import type { Expectation } from '../ticket.ts';
import { type Amount, sum } from '../window/amount.ts';
import { HORIZON_MS, inCommon, type Schedules, startOf } from '../window/schedule.ts';
import type { Place } from './fair-queue.ts';

/** Who would be among the last so many to start at once is not sure to: others may have taken places meanwhile. */
const MARGIN = 8;

/** Share of the usual time that a call takes at least. */
const QUICK_SHARE = 0.5;

/** How often it is looked again who comes meanwhile. By then it makes no difference, or the wait is longer than any. */
const STEPS = 50;

/** What other processes tell of one client. */
interface Elsewhere {
  /** Calls that wait, and calls that come. */
  readonly waiting: number;
  readonly perMs: number;
}

const NOTHING: Elsewhere = { waiting: 0, perMs: 0 };

/** For a call that waits, or one that would wait in this place; undefined when nobody could make it. */
export const expectationOf = (traffic: Traffic, call: Place & Attempt): Expectation | undefined => {
  const { queue, reservations, recent } = traffic;
  const schedules = schedulesOf(traffic, call);
  if (schedules === undefined) return undefined;
  const now = performance.now();
  const elsewhere = elsewhereOf(traffic, call);
  const clients = new Set([
    ...queue.clients(),
    ...elsewhere.keys(),
    ...reservations.clients(now),
    ...recent.clients(now),
  ]);
  /** Calls that are there within so many milliseconds, beside those that wait here. */
  const callsBy = (client: string, inMs: number): number => {
    const { waiting, perMs } = elsewhere.get(client) ?? NOTHING;
    const isOwn = client === call.client;
    if (!isOwn && (waiting > 0 || queue.of(client).length > 0)) return Number.MAX_SAFE_INTEGER;
    if (inMs === 0) return waiting;
    const back = reservations.dueBy(client, now + inMs);
    if (isOwn) return waiting + (call.urgency < 0 ? 0 : back);
    const mean = recent.within(client, inMs, now) + perMs * inMs;
    return back > 0 ? Number.MAX_SAFE_INTEGER : mean + Math.sqrt(mean + 4);
  };
  const aheadBy = (inMs: number): Amount =>
    queue.ahead(call, { clients, tokens: recent.tokens, of: (client) => callsBy(client, inMs) });
  const { tokens = 0 } = call;
  let ahead = aheadBy(0);
  let waitMs = startOf(schedules, ahead, tokens);
  // The later it starts, the more of those who come are served before; nobody's turn comes for ever.
  for (let step = 0; waitMs > 0 && waitMs < HORIZON_MS && step < STEPS; step++) {
    ahead = aheadBy(waitMs);
    const start = startOf(schedules, ahead, tokens);
    if (start <= waitMs) break;
    waitMs = start;
  }
  const answerAt = waitMs > 0 ? now + waitMs + recent.mostMs : now;
  const more = sum(ahead, { calls: MARGIN, tokens: MARGIN * tokens });
  return { waitMs, answerAt, close: startOf(schedules, more, tokens) > 0 };
};

/**
 * The soonest that a call that waits can be answered, if nobody comes any more who would be served before, and its
 * call is a quick one; undefined when nobody could make it.
 */
export const soonestAnswer = (traffic: Traffic, call: Place & Attempt): number | undefined => {
  const { queue, recent } = traffic;
  const schedules = schedulesOf(traffic, call);
  if (schedules === undefined) return undefined;
  const elsewhere = elsewhereOf(traffic, call);
  const ahead = queue.ahead(call, {
    clients: new Set([...queue.clients(), ...elsewhere.keys()]),
    tokens: recent.tokens,
    of: (client) => elsewhere.get(client)?.waiting ?? 0,
  });
  return performance.now() + startOf(schedules, ahead, call.tokens ?? 0) + QUICK_SHARE * recent.ms;
};

/** @see FleetWindow.schedules, over all lanes that the call may take; undefined when there is none. */
const schedulesOf = ({ lanes, recent }: Traffic, call: Attempt): Schedules | undefined => {
  const chosen = choose(lanes, call);
  const sure = chosen.filter(({ health }) => health.standing(call) === 'good');
  // A lane on trial takes one call, and may take no more: nothing is promised on it while others are well.
  const schedules = (sure.length > 0 ? sure : chosen).map(({ window }) => window.schedules(recent.ms));
  return schedules.length > 1 ? inCommon(schedules) : schedules[0];
};

/** Of its own client's calls only those that a call does not pass. What waits in one process waits for each of its lanes. */
const elsewhereOf = ({ lanes, recent }: Traffic, call: Place & Attempt): ReadonlyMap<string, Elsewhere> => {
  const all = new Map<string, Elsewhere>();
  for (const { client, calls, arrived, first } of choose(lanes, call)[0]?.window.elsewhere() ?? []) {
    const { waiting, perMs } = all.get(client) ?? NOTHING;
    const passed = client === call.client ? first.findIndex(({ urgency }) => urgency > call.urgency) : -1;
    all.set(client, {
      waiting: waiting + (passed < 0 ? calls : passed),
      perMs: perMs + arrived / recent.periodMs,
    });
  }
  return all;
};
