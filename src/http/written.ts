/** The end of an answer: what it was made of must be held until its caller has read it. */

import { finished } from 'node:stream';
import type { GatewayEnv } from './context.ts';

/**
 * Calls `release` when an answer is written, or its connection is gone. An answer that is not read in time is cut off: its
 * caller would hold its bytes as long as it likes.
 * @param response undefined where there is no server, so that nothing is written
 * @param ms for the whole answer, from now
 */
export const whenWritten = (
  response: GatewayEnv['Bindings']['outgoing'],
  ms: number,
  release: () => void,
): void => {
  if (response === undefined) {
    release();
    return;
  }
  const cut = setTimeout(() => response.destroy(), ms);
  finished(response as NodeJS.WritableStream, () => {
    clearTimeout(cut);
    release();
  });
};
