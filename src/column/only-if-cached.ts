/** Rejects a call with `only-if-cached` that no cache could answer (RFC 9111 §5.2.1.7). */

import type { ItemLayer } from '../calls/call.ts';
import { RerankError } from '../calls/errors.ts';
import type { Values } from '../calls/values.ts';

export const onlyIfCached =
  <V extends Values = Float64Array>(): ItemLayer<V> =>
  (inner) => ({
    async answer(call) {
      if (!call.cache.forward) throw new RerankError('not_cached');
      return inner.answer(call);
    },
  });
