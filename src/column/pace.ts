/** Waits for a slot of the upstream's limit, and gives it back once the upstream has had its say. */

import type { Again, Verdict, Wait } from '../calls/attempt.ts';
import type { Call, ItemCall, ItemReply, Layer, Reply, Terms } from '../calls/call.ts';
import { type RerankError, toRerankError } from '../calls/errors.ts';
import { contentOf } from '../calls/identity.ts';
import { diagnose } from '../upstream/diagnosis.ts';
import { timeLimit } from './time-limit.ts';

/** What the end of a call tells about the attachment and its budget. */
export interface CallOutcome {
  readonly verdict: Verdict;
  /** The upstream's answer came, so it has counted the call by now. */
  readonly answered: boolean;
  /** Calls that the upstream says it would still take, where it says so. */
  readonly remaining: number | undefined;
  /** Milliseconds for which it wants to be left alone. */
  readonly pauseMs: number | undefined;
}

/** Leave to make one call. */
export interface Slot {
  /** The attachment whose budget the slot is taken from. */
  readonly attachment: string;
  /** There is another one that the call could go to, should this one not answer. */
  readonly replaceable: boolean;
  readonly wait: Wait;
  /** The call is over. */
  release(outcome: CallOutcome): void;
  /** No call was made. */
  giveBack(): void;
}

export interface Slots {
  /**
   * Resolves when a call may start. Rejects at once when it would start too late or no attachment can be asked, and at
   * any time with the signal's reason when nobody waits any more.
   * @param onQueued told when the answer should be there (monotonic ms)
   * @param again given for a call that is made again
   * @param question the same for the same question: whoever was refused and comes back with it is known by that
   * @param content the same for the same question about the same documents: what fails each time is known by that
   */
  acquire(
    terms: Terms,
    onQueued?: (expectedAnswer: number) => void,
    again?: Again,
    question?: string,
    content?: () => string,
  ): Promise<Slot>;
}

export interface PaceOptions {
  readonly slots: (model: string) => Slots;
  /** The longest that one attempt may take, milliseconds. */
  readonly attemptMs?: number;
}

const DEFAULT_ATTEMPT_MS = 15_000;

/** Share of the time left that an attempt may take when another attachment could be asked after it. */
const REPLACEABLE_SHARE = 0.6;

export const pace =
  <C extends Call = ItemCall, R extends Reply = ItemReply>({
    slots,
    attemptMs = DEFAULT_ATTEMPT_MS,
  }: PaceOptions): Layer<C, R> =>
  (inner) => ({
    async answer(call) {
      const queued = performance.now();
      const { terms, onQueued, again, identity } = call;
      const slot = await slots(call.model).acquire(
        terms,
        onQueued,
        again,
        identity?.question,
        identity && (() => contentOf(identity)),
      );
      const queueMs = performance.now() - queued;
      // Nobody who joins from now on is to be turned away for a wait that is over.
      call.onQueued?.(performance.now());
      call.onStart?.(slot.attachment, slot.replaceable);
      const timeLeft = call.terms.deadline - performance.now();
      const limitMs = slot.replaceable ? Math.min(attemptMs, REPLACEABLE_SHARE * timeLeft) : attemptMs;
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
          ...call.seal?.(),
          terms,
          attachment: slot.attachment,
          onSend,
        });
        outcome = {
          verdict: 'scored',
          answered: true,
          remaining: remaining(reply.rateLimit),
          pauseMs: undefined,
        };
        return { ...reply, timing: { ...reply.timing, queueMs, wait: slot.wait } };
      } catch (thrown) {
        // A call that its callers gave up, or that was cut short for their sake, says nothing against the upstream:
        // else those in a hurry could shut it for everybody.
        const givenUp = call.terms.signal.aborted || (limit.reached && limitMs < attemptMs);
        outcome = outcomeOf(toRerankError(thrown), givenUp);
        throw thrown;
      } finally {
        limit.lift();
        if (sent) slot.release(outcome);
        else slot.giveBack();
      }
    },
  });

const UNANSWERED: CallOutcome = {
  verdict: 'unknown',
  answered: false,
  remaining: undefined,
  pauseMs: undefined,
};

const remaining = (headers: Readonly<Record<string, string>>): number | undefined => {
  const value = headers['x-ratelimit-remaining-requests'];
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
};

/** The longest pause that is believed: an upstream that names a longer one is asked again after this, milliseconds. */
const MAX_PAUSE_MS = 60_000;

const outcomeOf = (error: RerankError, givenUp: boolean): CallOutcome => {
  const { kind, upstreamStatus, retryAfterMs, rateLimit } = error;
  const throttled = kind === 'upstream_throttled';
  const pauses = throttled && retryAfterMs !== undefined;
  return {
    verdict: givenUp ? 'unknown' : diagnose(error).verdict,
    answered: upstreamStatus !== undefined,
    // A 429 means that there is no room. For how long, its Retry-After tells; without one, for a whole window.
    remaining: pauses ? undefined : (remaining(rateLimit) ?? (throttled ? 0 : undefined)),
    pauseMs: pauses ? Math.min(retryAfterMs, MAX_PAUSE_MS) : undefined,
  };
};
