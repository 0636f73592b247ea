/** What is said to calls that are not let into the queue. */

import type { Wait } from '../../calls/attempt.ts';
import { RerankError } from '../../calls/errors.ts';
import type { Expectation } from './outlook.ts';

/** The answer would come after the deadline. */
export const tooLong = (expectation: Expectation, deadline: number, reason: Wait['reason']): RerankError =>
  refuse('wait_too_long', expectation.answerAt - deadline, { predictedMs: expectation.waitMs, reason });

/** As many wait as may. By half the wait half of the queue has gone: room for as many as are refused meanwhile. */
export const queueFull = ({ waitMs }: Expectation, reason: Wait['reason']): RerankError =>
  refuse('queue_full', waitMs / 2, { predictedMs: waitMs, reason });

/** The same refusal, with what the caller was told before. */
export const asTold = ({ kind, wait }: RerankError, retryAfterMs: number): RerankError =>
  refuse(kind, retryAfterMs, wait);

/** Nobody can make the call. @param retryInMs until an attachment is tried again */
export const outage = (retryInMs: number): RerankError =>
  new RerankError('no_upstream', undefined, { retryAfterMs: retryInMs });

const refuse = (kind: RerankError['kind'], retryAfterMs: number, wait: Wait | undefined): RerankError =>
  new RerankError(kind, undefined, { retryAfterMs, ...(wait && { wait }) });
