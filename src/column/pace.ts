/** Waits for a permit within the upstream's limit, and releases it when the call is over. */

import type { Call, ItemCall, ItemReply, Layer, Reply } from '../calls/call.ts';
import { type RerankError, toRerankError } from '../calls/errors.ts';
import { contentOf } from '../calls/identity.ts';
import type { CallOutcome, Permits } from '../calls/permit.ts';
import { diagnose } from '../upstream/diagnosis.ts';
import { timeLimit } from './time-limit.ts';

export interface PaceOptions {
  readonly permits: (model: string) => Permits;
  /** The longest that one attempt may take, milliseconds. */
  readonly attemptMs?: number;
}

const DEFAULT_ATTEMPT_MS = 15_000;

/** Share of the remaining time that an attempt may take when another attachment could take the next one. */
const REPLACEABLE_SHARE = 0.6;

export const pace =
  <C extends Call = ItemCall, R extends Reply = ItemReply>({
    permits,
    attemptMs = DEFAULT_ATTEMPT_MS,
  }: PaceOptions): Layer<C, R> =>
  (inner) => ({
    async answer(call) {
      const queued = performance.now();
      const { terms, onQueued, again, identity } = call;
      let sealed: Partial<Call> | undefined;
      const permit = await permits(call.model).acquire(terms, {
        onQueued,
        again,
        question: identity?.question,
        content: identity && (() => contentOf(identity)),
        tokens: call.cost,
        onGrant() {
          sealed = call.seal?.();
        },
      });
      const queueMs = performance.now() - queued;
      // A member that joins from now on must not be refused for a wait that is over.
      call.onQueued?.(performance.now());
      call.onStart?.(permit.attachment, permit.replaceable);
      const timeLeft = call.terms.deadline - performance.now();
      const limitMs = permit.replaceable ? Math.min(attemptMs, REPLACEABLE_SHARE * timeLeft) : attemptMs;
      const limit = timeLimit(call.terms, limitMs);
      let outcome = UNANSWERED;
      let sent = false;
      const onSend = (): void => {
        sent = true;
        call.onSend?.();
      };
      try {
        const { terms } = limit;
        const reply = await inner.answer({
          ...call,
          ...sealed,
          terms,
          attachment: permit.attachment,
          atOnce: permit.wait.reason === 'none' && again === undefined,
          onSend,
        });
        outcome = {
          verdict: 'scored',
          answered: true,
          ...leftOf(reply.rateLimit),
          tokens: call.cost && reply.spent > 0 ? reply.spent : undefined,
          pauseMs: undefined,
        };
        return { ...reply, timing: { ...reply.timing, queueMs, wait: permit.wait } };
      } catch (thrown) {
        // A call that its callers gave up, or that was cut short for their deadline, says nothing against the upstream:
        // otherwise impatient callers could open its circuit for everybody.
        const givenUp = call.terms.signal.aborted || (limit.reached && limitMs < attemptMs);
        outcome = outcomeOf(toRerankError(thrown), givenUp);
        throw thrown;
      } finally {
        limit.lift();
        if (sent) permit.release(outcome);
        else permit.giveBack();
      }
    },
  });

const UNANSWERED: CallOutcome = {
  verdict: 'unknown',
  answered: false,
  remaining: undefined,
  pauseMs: undefined,
};

/** What the upstream says is left in its window. */
const leftOf = (
  headers: Readonly<Record<string, string>>,
): Pick<CallOutcome, 'remaining' | 'remainingTokens'> => {
  const numberOf = (value: string | undefined): number | undefined =>
    value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  return {
    remaining: numberOf(headers['x-ratelimit-remaining-requests']),
    remainingTokens: numberOf(headers['x-ratelimit-remaining-tokens']),
  };
};

/** The longest pause that is observed, milliseconds: an upstream that names a longer one is called again after this. */
const MAX_PAUSE_MS = 60_000;

const outcomeOf = (error: RerankError, givenUp: boolean): CallOutcome => {
  const { kind, upstreamStatus, retryAfterMs, rateLimit } = error;
  const throttled = kind === 'upstream_throttled';
  const pauses = throttled && retryAfterMs !== undefined;
  const left = leftOf(rateLimit);
  return {
    verdict: givenUp ? 'unknown' : diagnose(error).verdict,
    answered: upstreamStatus !== undefined,
    // A 429 means that there is no room: until its Retry-After, or without one for a whole window.
    remaining: pauses ? undefined : (left.remaining ?? (throttled ? 0 : undefined)),
    remainingTokens: pauses ? undefined : left.remainingTokens,
    pauseMs: pauses ? Math.min(retryAfterMs, MAX_PAUSE_MS) : undefined,
  };
};
