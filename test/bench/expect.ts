/** Whether an answer is what is being measured. A fast error, or a hit on another tier, is no figure. */

import type { Reply } from './connection.ts';

/** @param word what `Cache-Status` has to say, e.g. `detail=memory` */
export const expecting =
  (word: string) =>
  ({ status, head }: Reply): void => {
    if (status === 200 && head.includes(word)) return;
    const cacheStatus = /\r\ncache-status: ([^\r]*)/i.exec(head)?.[1] ?? 'none';
    throw new Error(`expected 200 and ${word}, got ${status} and Cache-Status: ${cacheStatus}`);
  };

export const ok = ({ status }: Reply): void => {
  if (status !== 200) throw new Error(`expected 200, got ${status}`);
};
