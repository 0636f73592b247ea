/** Counts a call against the quota of the client that causes it, or refuses it at once when that is used up. */

import type { Call, ItemCall, ItemReply, Layer, Reply } from '../calls/call.ts';
import { RerankError } from '../calls/errors.ts';
import { wholeSeconds } from '../calls/whole-seconds.ts';
import type { Exhausted, Quotas } from '../quota/quotas.ts';

/** The quota of one client is used up, which says nothing about its call. */
export class QuotaExhausted extends RerankError {
  readonly client: string;

  constructor(client: string, { retryInMs: retryAfterMs, calls, windowMs }: Exhausted) {
    const [window, wait] = [windowMs / 1000, Math.max(1, wholeSeconds(retryAfterMs))];
    super(
      'quota_exhausted',
      `The quota of ${client} is used up: ${calls} calls in ${window} s. The next one is possible in ${wait} s.`,
      { retryAfterMs, quota: { calls, windowMs } },
    );
    this.client = client;
  }
}

export const quota =
  <C extends Call = ItemCall, R extends Reply = ItemReply>(quotas: Quotas): Layer<C, R> =>
  (inner) => ({
    async answer(call) {
      const { client } = call.terms;
      const taken = await quotas.take(client);
      if (taken === undefined) return inner.answer(call);
      if ('retryInMs' in taken) throw new QuotaExhausted(client, taken);
      let called = false;
      const onSend = (): void => {
        called = true;
        call.onSend?.();
      };
      try {
        return await inner.answer({ ...call, onSend });
      } finally {
        taken.settle(called);
      }
    },
  });

/**
 * A flight counts against the quota of the client that started it, and may be refused for it. A member of another client
 * then calls again, which starts a flight on its own quota. Synchronous up to the next layer, as the layers around it need.
 */
export const ownQuotaOnly =
  <C extends Call = ItemCall, R extends Reply = ItemReply>(): Layer<C, R> =>
  (inner) => {
    const answer = (call: C): Promise<R> =>
      inner.answer(call).catch((thrown) => {
        if (thrown instanceof QuotaExhausted && thrown.client !== call.terms.client) return answer(call);
        throw thrown;
      });
    return { answer };
  };
