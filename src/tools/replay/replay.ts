/** Sends a trace, and collects the results. */

import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { ask } from './caller.ts';
import type { ReplayRequest } from './corpus.ts';
import { type Punctual, Punctuality } from './punctuality.ts';
import { openLoop } from './schedule.ts';
import { createSender } from './sender.ts';
import type { Usage } from './spending.ts';
import { Tally } from './tally.ts';
import type { Target } from './target/target.ts';
import { traces } from './traces.ts';

export interface ReplayOptions {
  readonly requests: readonly ReplayRequest[];
  readonly speed: number;
  readonly target: Target;
  /** When aborted, nothing more is sent, and requests under way are abandoned. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly finished: number;
  readonly waiting: number;
  readonly wrong: number;
}

export interface Replayed {
  readonly tally: Tally;
  readonly sent: readonly ReplayRequest[];
  /** Undefined if unknown. */
  readonly usage: Usage | undefined;
  readonly punctual: Punctual;
}

export const replay = async ({
  requests,
  speed,
  target,
  signal,
  onProgress,
}: ReplayOptions): Promise<Replayed> => {
  // Every caller that waits for a retry listens to it.
  setMaxListeners(0, signal);
  const tally = new Tally();
  const punctuality = new Punctuality();
  const sent: ReplayRequest[] = [];
  const { own } = target;
  const { of: traceparentOf, numberOf } = traces();
  const sender = createSender({
    urls: target.urls,
    keyOf: target.keyOf,
    traceparentOf: own ? traceparentOf : undefined,
  });
  // Not by passing the signal to each request: thousands of listeners on one signal take longer than the requests.
  signal.addEventListener('abort', () => void sender.close(), { once: true });
  const report = () =>
    onProgress({ finished: tally.finished, waiting: sent.length - tally.finished, wrong: tally.wrong });

  const launch = async (request: ReplayRequest, dueAt: number): Promise<void> => {
    sent.push(request);
    punctuality.sent(performance.now() - dueAt);
    report();
    const result = await ask({
      send: (requestId) => sender.send(request, requestId),
      asked: {
        documents: request.documents.length,
        topN: request.topN,
        expected: own ? () => own.expected(request) : undefined,
      },
      newRequestId: () => `replay-${randomUUID()}`,
      sleep: (ms) => delay(ms, undefined, { signal }),
      signal,
    });
    if (result) tally.add(request, result, result.finishedAt - dueAt);
    report();
  };

  await openLoop({ items: requests, dueAt: ({ at }) => at / speed, launch, signal });
  const punctual = punctuality.stop();
  await sender.close();
  const clientOf = new Map(sent.map(({ number, client }) => [number, client]));
  const usage = await target
    .usage((traceparent) => clientOf.get(numberOf(traceparent) ?? 0))
    // Read last; without it the other results are still valid.
    .catch(() => undefined);
  return { tally, sent, usage, punctual };
};
