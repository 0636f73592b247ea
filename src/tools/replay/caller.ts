/** A service that needs one answer: it retries after Retry-After, and gives up as the usual SDKs do. */

import { type Answer, type Asked, type Judgement, judge } from './answers/judge.ts';

/** How often the usual SDKs retry a request that was refused for the moment. */
const MOST_REPETITIONS = 2;

export interface CallerOptions {
  /** Makes one attempt. Rejects when no answer comes. */
  readonly send: (requestId: string) => Promise<Answer>;
  readonly asked: Omit<Asked, 'requestId'>;
  readonly newRequestId: () => string;
  /** Waits for so many real milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Aborted when the replay is stopped. */
  readonly signal: AbortSignal;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export interface Result {
  readonly judgement: Judgement;
  /** Attempts after the first. */
  readonly repetitions: number;
  /** When the final answer arrived, or its attempt failed. Monotonic milliseconds. */
  readonly finishedAt: number;
}

/** The final outcome; undefined when the replay was stopped before. Never rejects. */
export const ask = async (options: CallerOptions): Promise<Result | undefined> => {
  const { sleep, signal } = options;
  for (let repetitions = 0; ; repetitions++) {
    const { judgement, finishedAt } = await attempt(options);
    if (signal.aborted) return undefined;
    const waitMs = 'retryAfterMs' in judgement ? judgement.retryAfterMs : undefined;
    if (waitMs === undefined || repetitions === MOST_REPETITIONS) {
      return { judgement, repetitions, finishedAt };
    }
    await sleep(waitMs).catch(() => {});
    if (signal.aborted) return undefined;
  }
};

const attempt = async (options: CallerOptions): Promise<Pick<Result, 'judgement' | 'finishedAt'>> => {
  const { send, asked, newRequestId, now = () => performance.now() } = options;
  const requestId = newRequestId();
  try {
    const answer = await send(requestId);
    // Before the answer is judged, which takes time.
    const finishedAt = now();
    return { judgement: judge(answer, { ...asked, requestId }), finishedAt };
  } catch (thrown) {
    const { code, name } = thrown as NodeJS.ErrnoException;
    return { judgement: { outcome: 'unanswered', kind: code ?? name }, finishedAt: now() };
  }
};
