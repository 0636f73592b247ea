/** The end of a call in a window that processes share: it is noted here, and Redis is told of it where it can be. */

import type { Fallback } from './fallback.ts';
import type { RedisWindow } from './redis-window.ts';
import type { SharedEntry } from './shared-admission.ts';
import type { LogEntry, SlidingLog } from './sliding-log.ts';
import type { WindowEntry } from './window.ts';

export interface FleetEntryOptions {
  readonly shared: RedisWindow;
  readonly log: SlidingLog;
  readonly fallback: Fallback;
  /** Told of what Redis could not be told. */
  readonly onFailure: (error: unknown) => void;
  readonly now: () => number;
}

/** @param granted what Redis knows of the call; undefined: it was granted without Redis */
export const fleetEntry = (
  { shared, log, fallback, onFailure, now }: FleetEntryOptions,
  entry: LogEntry,
  granted?: SharedEntry,
): WindowEntry => ({
  complete(outcome) {
    const told = fallback.reachable;
    log.complete(entry, now(), fallback.ownPart(outcome), told);
    // Without Redis nobody is told; when it is back, it hears of everything.
    if (!told) return;
    const completed = granted
      ? shared.complete(granted, outcome)
      : shared.complete(unshared(entry), { ...outcome, remaining: undefined });
    completed.catch(onFailure);
  },
  cancel() {
    const told = granted !== undefined && fallback.reachable;
    log.cancel(entry, now(), told);
    if (told) shared.cancel(granted).catch(onFailure);
  },
});

/** A call that was granted without Redis, in the form in which Redis is told of its end. */
const unshared = ({ id, spaced }: LogEntry): SharedEntry => {
  return { id, spaced, probing: false, epoch: '', heldThen: 0, grantedThen: 0 };
};
