/**
 * Keeps the bytes of a request counted for as long as its texts are worked on: shared work outlives the request that
 * began it.
 */

import type { Call, ItemCall, ItemReply, Layer, Reply } from '../calls/call.ts';

export const hold =
  <C extends Call = ItemCall, R extends Reply = ItemReply>(): Layer<C, R> =>
  (inner) => ({
    async answer(call) {
      const release = call.hold?.();
      try {
        return await inner.answer(call);
      } finally {
        release?.();
      }
    },
  });
