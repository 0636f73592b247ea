/**
 * Retries a call whose failure another attempt may repair. Outside the pacing layer: the upstream counts every attempt, so
 * each waits for a permit of its own.
 */

import type { Again, Attempted, RetryReason } from '../calls/attempt.ts';
import type { Call, ItemCall, ItemReply, Layer, Reply, Terms } from '../calls/call.ts';
import { type RerankError, toRerankError } from '../calls/errors.ts';
import { diagnose } from '../upstream/diagnosis.ts';

export interface RetryOptions {
  /** The most attempts at one call. */
  readonly attempts?: number;
  /** Called when a call is retried. */
  readonly onRetry?: (model: string, reason: RetryReason) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export const DEFAULT_ATTEMPTS = 3;

/** The longest pause before the second attempt, milliseconds. It doubles with every further attempt. */
const PAUSE_MS = 250;

const monotonic = (): number => performance.now();

/** Full jitter, so that calls that failed together do not come back together. Milliseconds. */
const pauseMs = (failures: number, random: () => number): number => random() * PAUSE_MS * 2 ** (failures - 1);

/** An attempt that has had its permit. */
interface Attempt {
  readonly attachment: string;
  /** There is another attachment for the next attempt. */
  readonly replaceable: boolean;
  readonly startedAt: number;
}

/** The pause that an attachment asks for, milliseconds; 0 while another attachment could take the next attempt. */
const wantedMs = ({ kind, retryAfterMs = 0 }: RerankError, { replaceable }: Attempt): number =>
  kind === 'upstream_unavailable' && !replaceable ? retryAfterMs : 0;

/** A failure that the next attempt may repair. */
interface Failure {
  readonly error: RerankError;
  readonly reason: RetryReason;
}

export const retry =
  <C extends Call = ItemCall, R extends Reply = ItemReply>({
    attempts = DEFAULT_ATTEMPTS,
    onRetry = () => {},
    now = monotonic,
    random = Math.random,
  }: RetryOptions = {}): Layer<C, R> =>
  (inner) => ({
    async answer(call) {
      const began = now();
      const sent: Attempt[] = [];
      const ended: Attempted[] = [];
      const end = ({ attachment, startedAt }: Attempt, code: string): void => {
        ended.push({ attachment, code, atMs: startedAt - began, ms: now() - startedAt });
      };
      const again = { avoid: new Set<string>(), never: new Set<string>() };
      let upstreamMs = 0;
      let last: Failure | undefined;
      for (let attempt = 1; ; attempt++) {
        const queuedAt = now();
        const onStart = (attachment: string, replaceable: boolean): void => {
          sent.push({ attachment, replaceable, startedAt: now() });
          if (last) onRetry(call.model, last.reason);
        };
        try {
          const reply = await inner.answer({ ...call, ...(last && onceMore(call, again)), onStart });
          const answered = sent[attempt - 1];
          // With its permit, a call may still be answered by a cache.
          if (answered && reply.timing.upstreamMs > 0) end(answered, '200');
          return later(reply, queuedAt - began - upstreamMs, upstreamMs, ended);
        } catch (thrown) {
          if (call.terms.signal.aborted) throw thrown;
          const failed = sent[attempt - 1];
          // No permit in time for this attempt: the upstream's error of the last attempt says more than that.
          if (failed === undefined) throw last?.error ?? thrown;
          upstreamMs += now() - failed.startedAt;
          const error = toRerankError(thrown);
          const { attachment } = failed;
          end(failed, String(error.upstreamStatus ?? error.upstreamCode ?? error.kind));
          error.calls = {
            attachment,
            attempts: attempt,
            queueMs: now() - began - upstreamMs,
            upstreamMs,
            each: ended,
          };
          const { retry } = diagnose(error);
          if (retry === undefined || attempt >= attempts) throw error;
          const pause = retry.pause ? Math.max(pauseMs(attempt, random), wantedMs(error, failed)) : 0;
          if (now() + pause >= call.terms.deadline) throw error;
          if (pause > 0) await sleep(pause, call.terms);
          again[retry.elsewhere ? 'never' : 'avoid'].add(attachment);
          last = { error, reason: retry.reason };
        }
      }
    },
  });

const onceMore = (call: Call, again: Again): Partial<Call> => ({
  again,
  // A wait that is too long for every member ends in the error of the last attempt, not in a refusal of each member.
  onQueued: (expectedAnswer) => {
    if (expectedAnswer <= call.terms.deadline) call.onQueued?.(expectedAnswer);
  },
});

/** The reply, with the time of earlier attempts added. */
const later = <R extends Reply>(
  reply: R,
  queueMs: number,
  upstreamMs: number,
  attempts: readonly Attempted[],
): R => ({
  ...reply,
  timing: {
    ...reply.timing,
    queueMs: reply.timing.queueMs + queueMs,
    upstreamMs: reply.timing.upstreamMs + upstreamMs,
    ...(attempts.length > 0 ? { attempts } : undefined),
  },
});

/** Rejects with the signal's reason when nobody waits any more. */
const sleep = (ms: number, { signal }: Terms): Promise<void> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
