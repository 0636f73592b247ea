/**
 * Keeps the bytes of a request counted while its texts are in use: a shared call may outlive the request that started it.
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
