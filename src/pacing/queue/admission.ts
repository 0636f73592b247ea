/**
 * Who is let into the queue. A call is refused at once when its answer would come after its deadline, or when as many
 * wait as may; what it is then told of when to come back is kept.
 */

import { RerankError } from '../../calls/errors.ts';
import { outageOf } from '../../upstream/choice.ts';
import type { Traffic } from '../lane-server.ts';
import { type Expectation, FIRST, type Ticket } from '../ticket.ts';
import { expectationOf } from './expectation.ts';

/** Nobody is told to come back sooner. */
const SOON_MS = 1000;

/** Lets a call in that has just come; throws when it is refused. @returns what it has to expect */
export const admit = (traffic: Traffic, ticket: Ticket): Expectation => {
  const outage = outageOf(traffic.lanes, ticket);
  if (outage !== undefined) throw outage;
  const expectation = expectationOf(traffic, ticket)!;
  const refused = refusalOf(traffic, ticket, expectation);
  if (refused === undefined) return expectation;
  // Whoever has failed it may have room when the others have not.
  if (ticket.again) ticket.again = { avoid: new Set(), never: ticket.again.never };
  else redeem(traffic, ticket, expectation, refused);
  const second = expectationOf(traffic, ticket)!;
  if (second.answerAt <= ticket.deadline) return second;
  throw reserve(traffic, ticket, tooLong(traffic, second, ticket.deadline));
};

/**
 * What is said to a call that was waiting, and can be served in time no longer: when one could be that came then, and was as
 * patient.
 */
export const tooLate = (traffic: Traffic, ticket: Ticket): RerankError => {
  const expectation = expectationOf(traffic, ticket)!;
  const deadline = Math.min(performance.now() + ticket.patienceMs, expectation.answerAt - SOON_MS);
  return reserve(traffic, ticket, tooLong(traffic, expectation, deadline));
};

const refusalOf = (
  traffic: Traffic,
  { deadline, again }: Ticket,
  expectation: Expectation,
): RerankError | undefined => {
  const { waitMs, answerAt } = expectation;
  if (answerAt > deadline) return tooLong(traffic, expectation, deadline);
  const isFull = traffic.queue.size >= traffic.maxQueue;
  // A call that is made again has been let in.
  if (!isFull || waitMs === 0 || again) return undefined;
  // By half the wait half of the queue has gone: room for as many as are refused meanwhile.
  return refuse('queue_full', traffic, expectation, waitMs / 2);
};

/** A caller that has come back as it was told to goes first; throws when it has not. */
const redeem = (traffic: Traffic, ticket: Ticket, expectation: Expectation, refused: RerankError): void => {
  const { client, question } = ticket;
  if (question === undefined) throw refused;
  const taken = traffic.reservations.take(client, question, performance.now());
  if (taken === undefined) throw reserve(traffic, ticket, refused);
  // What it was told still holds.
  if (taken !== 'due') throw refuse(refused.kind, traffic, expectation, taken);
  ticket.urgency = FIRST;
};

/** @returns the refusal, which is kept to if the caller can be known again */
const reserve = (
  { reservations }: Traffic,
  { client, question }: Ticket,
  refused: RerankError,
): RerankError => {
  if (question !== undefined) reservations.make(client, question, performance.now(), refused.retryAfterMs!);
  return refused;
};

const tooLong = (traffic: Traffic, expectation: Expectation, deadline: number): RerankError =>
  refuse('wait_too_long', traffic, expectation, expectation.answerAt - deadline);

const refuse = (
  kind: RerankError['kind'],
  { lanes }: Traffic,
  { waitMs }: Expectation,
  retryAfterMs: number,
): RerankError => {
  // Why a place in the queue would have to wait, as things stand.
  const reason = lanes.find(({ block }) => block !== undefined)?.block ?? 'full';
  return new RerankError(kind, undefined, { retryAfterMs, wait: { predictedMs: waitMs, reason } });
};
