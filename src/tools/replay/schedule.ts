/** Open loop: every request is sent when it is due, however many still wait for their answers. */

import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';

export interface ScheduleOptions<T> {
  /** In the order of their times. */
  readonly items: readonly T[];
  /** When an item is due: real milliseconds after the start. */
  readonly dueAt: (item: T) => number;
  /** Starts the work of an item. Must not reject. */
  readonly launch: (item: T, startedAt: number) => Promise<void>;
  /** Aborted: nothing more is launched. */
  readonly signal: AbortSignal;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Resolves when all launched work has ended. */
export const openLoop = async <T>({
  items,
  dueAt,
  launch,
  signal,
  now = () => performance.now(),
  sleep = (ms, signal) => delay(ms, undefined, { signal }),
}: ScheduleOptions<T>): Promise<void> => {
  const started = now();
  const underWay = new Set<Promise<void>>();
  for (const item of items) {
    const due = started + dueAt(item);
    // A timer may fire a fraction early: waits again until the item is really due, in whole milliseconds.
    for (let wait = due - now(); wait > 0 && !signal.aborted; wait = due - now()) {
      await sleep(Math.ceil(wait), signal).catch(() => {});
    }
    // Answers are read between any two requests, even if these are late: catching up first would only delay the answers.
    await turn();
    if (signal.aborted) break;
    const work = launch(item, due).finally(() => underWay.delete(work));
    underWay.add(work);
  }
  await Promise.all(underWay);
};
