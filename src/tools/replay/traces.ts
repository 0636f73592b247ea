/**
 * A trace context (W3C) for each request. The gateway passes it on, so that the upstream's log shows for which request a
 * call was made: the upstream sees the same key for all.
 */

import { randomBytes } from 'node:crypto';

export interface Traces {
  of(number: number): string;
  /** The request's number; undefined for a context of another run or program. */
  numberOf(traceparent: string): number | undefined;
}

/** @param run 16 hexadecimal digits that identify this run */
export const traces = (run: string = randomBytes(8).toString('hex')): Traces => {
  const pattern = new RegExp(`^00-${run}([0-9a-f]{16})-[0-9a-f]{16}-01$`);
  return {
    of(number) {
      const id = number.toString(16).padStart(16, '0');
      return `00-${run}${id}-${id}-01`;
    },
    numberOf(traceparent) {
      const digits = pattern.exec(traceparent)?.[1];
      return digits === undefined ? undefined : Number.parseInt(digits, 16);
    },
  };
};
