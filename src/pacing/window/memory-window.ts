/** The window of one process that shares its budget with nobody. */

import { SlidingLog } from './sliding-log.ts';
import { viewOf } from './view.ts';
import type { CallOutcome, Window, WindowRules } from './window.ts';

const monotonic = (): number => performance.now();

export const memoryWindow = (rules: WindowRules, now: () => number = monotonic): Window => {
  const log = new SlidingLog(rules);
  // The process before this one may have used up the upstream's window a moment ago.
  const begun = now();
  log.chill(begun + rules.windowMs, begun);
  let due = (): number => 0;
  return {
    limit: rules.limit,
    tokenLimit: rules.tokenLimit,
    attach(backlog) {
      due = () => backlog.due?.() ?? 0;
    },
    async admit() {
      const tokens = due();
      const entry = log.admit(now(), tokens);
      if ('retryInMs' in entry) return entry;
      const complete = (outcome: CallOutcome): void => log.complete(entry, now(), outcome);
      return { grants: [{ entry: { complete, cancel: () => log.cancel(entry) }, tokens }] };
    },
    used: () => log.used(now()),
    view: () => viewOf(log, rules, now(), due()),
    schedules: (latencyMs) => log.schedules(now(), latencyMs),
  };
};
