/** Takes a call out of the quota of the client whose ask causes it, or refuses it at once when that is used up. */

import { RerankError } from '../calls/errors.ts';
import type { Ask, Layer, Scores } from '../calls/scoring.ts';
import type { Quotas } from '../quota/quotas.ts';

/** The quota of one client is used up, which says nothing about what it asked for. */
export class QuotaExhausted extends RerankError {
  readonly client: string;

  constructor(client: string, retryAfterMs: number) {
    super('quota_exhausted', undefined, { retryAfterMs });
    this.client = client;
  }
}

export const quota =
  (quotas: Quotas): Layer =>
  (inner) => ({
    async score(ask) {
      const { client } = ask.terms;
      const taken = await quotas.take(client);
      if (taken === undefined) return inner.score(ask);
      if ('retryInMs' in taken) throw new QuotaExhausted(client, taken.retryInMs);
      let called = false;
      const onSend = (): void => {
        called = true;
        ask.onSend?.();
      };
      try {
        return await inner.score({ ...ask, onSend });
      } finally {
        taken.settle(called);
      }
    },
  });

/**
 * A flight is led by one client and refused on that client's quota. Whoever joined it from another client asks again,
 * which starts a flight on a quota of its own. Calls through synchronously, as the layers around it need.
 */
export const ownQuotaOnly = (): Layer => (inner) => {
  const score = (ask: Ask): Promise<Scores> =>
    inner.score(ask).catch((thrown) => {
      if (thrown instanceof QuotaExhausted && thrown.client !== ask.terms.client) return score(ask);
      throw thrown;
    });
  return { score };
};
