import type { LogEntry, SlidingLog } from '../../../src/pacing/window/sliding-log.ts';
import type { Blocked } from '../../../src/pacing/window/window.ts';

/** A permit, or when to ask again, and why. */
export const admit = (log: SlidingLog, now: number, tokens = 0): LogEntry | Blocked => {
  const grade = log.check(now, tokens);
  return typeof grade === 'object' ? grade : log.grant(now, grade, tokens);
};
