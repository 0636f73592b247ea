/**
 * Keeps the bytes of a request counted for as long as its documents are worked on: shared work outlives the request that
 * began it.
 */

import type { Layer } from '../calls/scoring.ts';

export const hold = (): Layer => (inner) => ({
  async score(ask) {
    const release = ask.hold?.();
    try {
      return await inner.score(ask);
    } finally {
      release?.();
    }
  },
});
