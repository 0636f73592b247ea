/** The end of an answer: its bytes must stay counted until its caller has read it. */

import { finished } from 'node:stream';
import type { GatewayEnv } from './context.ts';

/**
 * Calls `release` when an answer is written, or its connection is gone. An answer that is not read in time is cut off:
 * otherwise its caller could keep its bytes in memory for ever.
 * @param response undefined where there is no server, so that nothing is written
 * @param ms the time for the whole answer, from now
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
