/**
 * Makes a call again that failed in a way another attempt may repair. Outside the pacing layer: the upstream counts
 * every attempt, so each waits for a slot of its own.
 */

import type { Again, RetryReason } from '../calls/attempt.ts';
import { type RerankError, toRerankError } from '../calls/errors.ts';
import type { Ask, Layer, Scores, Terms } from '../calls/scoring.ts';
import { diagnose } from '../upstream/diagnosis.ts';

export interface RetryOptions {
  /** Calls that one ask may cost. */
  readonly attempts?: number;
  /** Told when a call is made again. */
  readonly onRetry?: (model: string, reason: RetryReason) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export const DEFAULT_ATTEMPTS = 3;

/** The longest pause before the second attempt, milliseconds. It doubles with every further one. */
const PAUSE_MS = 250;

const monotonic = (): number => performance.now();

/** Full jitter: calls that failed together do not come back together. Milliseconds. */
const pauseMs = (failures: number, random: () => number): number => random() * PAUSE_MS * 2 ** (failures - 1);

interface Call {
  readonly attachment: string;
  /** There is another attachment for the next attempt. */
  readonly replaceable: boolean;
  readonly startedAt: number;
}

/** For how long an attachment that says so wants to be left alone; while there is another one, nobody waits for it. */
const wantedMs = ({ kind, retryAfterMs = 0 }: RerankError, { replaceable }: Call): number =>
  kind === 'upstream_unavailable' && !replaceable ? retryAfterMs : 0;

/** A failure that the next attempt may repair. */
interface Failure {
  readonly error: RerankError;
  readonly reason: RetryReason;
}

export const retry =
  ({
    attempts = DEFAULT_ATTEMPTS,
    onRetry = () => {},
    now = monotonic,
    random = Math.random,
  }: RetryOptions = {}): Layer =>
  (inner) => ({
    async score(ask) {
      const began = now();
      const calls: Call[] = [];
      const again = { avoid: new Set<string>(), never: new Set<string>() };
      let upstreamMs = 0;
      let last: Failure | undefined;
      for (let attempt = 1; ; attempt++) {
        const queuedAt = now();
        const onStart = (attachment: string, replaceable: boolean): void => {
          calls.push({ attachment, replaceable, startedAt: now() });
          if (last) onRetry(ask.model, last.reason);
        };
        try {
          const scores = await inner.score({ ...ask, ...(last && onceMore(ask, again)), onStart });
          return later(scores, queuedAt - began - upstreamMs, upstreamMs);
        } catch (thrown) {
          if (ask.terms.signal.aborted) throw thrown;
          const call = calls[attempt - 1];
          // There was no room for another attempt in time: the upstream's own word says more than that.
          if (call === undefined) throw last?.error ?? thrown;
          upstreamMs += now() - call.startedAt;
          const error = toRerankError(thrown);
          const { attachment } = call;
          error.calls = { attachment, attempts: attempt, queueMs: now() - began - upstreamMs, upstreamMs };
          const { retry } = diagnose(error);
          if (retry === undefined || attempt >= attempts) throw error;
          const pause = retry.pause ? Math.max(pauseMs(attempt, random), wantedMs(error, call)) : 0;
          if (now() + pause >= ask.terms.deadline) throw error;
          if (pause > 0) await sleep(pause, ask.terms);
          again[retry.elsewhere ? 'never' : 'avoid'].add(attachment);
          last = { error, reason: retry.reason };
        }
      }
    },
  });

const onceMore = (ask: Ask, again: Again): Partial<Ask> => ({
  again,
  // A wait that is too long for everybody ends in the error of the last attempt, not in a refusal one by one.
  onQueued: (expectedAnswer) => {
    if (expectedAnswer <= ask.terms.deadline) ask.onQueued?.(expectedAnswer);
  },
});

/** The scores, with the time that earlier attempts took. */
const later = (scores: Scores, queueMs: number, upstreamMs: number): Scores => ({
  ...scores,
  timing: {
    ...scores.timing,
    queueMs: scores.timing.queueMs + queueMs,
    upstreamMs: scores.timing.upstreamMs + upstreamMs,
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
