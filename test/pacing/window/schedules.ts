import type { Schedule } from '../../../src/pacing/window/schedule.ts';

/** The first `count` starts, milliseconds from the moment for which the schedule was drawn up. */
export const startsOf = (schedule: Schedule, count: number): number[] =>
  Array.from({ length: count }, (_, n) => schedule.startOf(n));
