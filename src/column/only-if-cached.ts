/** Ends the way of an ask that no cache could answer and whose caller wants no call made (RFC 9111 §5.2.1.7). */

import { RerankError } from '../calls/errors.ts';
import type { Layer } from '../calls/scoring.ts';

export const onlyIfCached = (): Layer => (inner) => ({
  async score(ask) {
    if (!ask.cache.forward) throw new RerankError('not_cached');
    return inner.score(ask);
  },
});
