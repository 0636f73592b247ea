/** When the next calls could start: the window's own rule, run ahead of time. */

import { within } from './reading.ts';
import { type Cold, gradeOf, nextChance, type Occupancy, roomIn } from './rule.ts';
import { HORIZON_MS, periodic, type Schedule } from './schedule.ts';
import { budgetOf } from './window.ts';

/** Permits that come free at one moment. */
export interface Release {
  readonly at: number;
  /** Granted one by one, not as asked. */
  readonly spaced: boolean;
  /** How many; one if nothing is said. */
  readonly calls?: number;
}

/** Of one budget: of calls, or of tokens, which are then what is called calls here. */
export interface WindowState extends Omit<Occupancy, 'calls' | 'tokens'> {
  readonly limit: number;
  readonly windowMs: number;
  /** When the permits that are held come free, in any order. */
  readonly releases: readonly Release[];
}

/** The rule is run for so many permits at most; where there are more, several are taken for one. */
const MOST_PERMITS = 1000;

/** It is run until each has been taken so often. After that each comes free as it did before. */
const TURNS = 2;

/**
 * The starts that follow from `now` on if each call lasts `latencyMs` and nobody else takes a permit. A cold window is
 * taken to be as warm as its entries say once its first call is answered, unless it is known that answers do not say.
 * Times are monotonic milliseconds; what makes no sense is taken for the nearest moment between now and the horizon.
 */
export const forecast = (state: WindowState, now: number, latencyMs: number): Schedule => {
  const end = now + HORIZON_MS;
  const soon = (moment: number): number => within(moment, now, end);
  const windowMs = within(state.windowMs, 1, Number.MAX_SAFE_INTEGER);
  const places = within(Math.floor(state.limit), 1, Number.MAX_SAFE_INTEGER);
  const unit = Math.ceil(places / MOST_PERMITS);
  const limit = Math.floor(places / unit);
  const budget = budgetOf({ limit, windowMs });
  const answerMs = within(latencyMs, 0, HORIZON_MS);
  const periodMs = answerMs + windowMs;
  const [burst, spaced] = [false, true].map((kind) => {
    const releases = state.releases.filter((release) => release.spaced === kind);
    return inUnits(
      releases.map(({ at, calls = 1 }) => ({ at: soon(at), calls })),
      unit,
    );
  });
  // How many of them have come free; how many calls that start here have, and those granted as asked among them.
  let [freeBurst, freeSpaced, over, overBurst] = [0, 0, 0, 0];
  let cold: Cold | undefined = state.cold && { ...state.cold, next: soon(state.cold.next) };
  let [nextSpaced, time, startsBurst] = [soon(state.nextSpaced), soon(state.pausedUntil), 0];
  const starts: { readonly at: number; readonly asked: boolean }[] = [];
  const start = (asked: boolean): void => {
    starts.push({ at: time, asked });
    if (asked) startsBurst++;
  };
  while (starts.length < TURNS * limit && time < end) {
    while (burst![freeBurst]! <= time) freeBurst++;
    while (spaced![freeSpaced]! <= time) freeSpaced++;
    for (; over < starts.length && starts[over]!.at + periodMs <= time; over++) {
      if (starts[over]!.asked) overBurst++;
    }
    const heldBurst = burst!.length - freeBurst + startsBurst - overBurst;
    const heldSpaced = spaced!.length - freeSpaced + starts.length - over - (startsBurst - overBurst);
    const held = heldBurst + heldSpaced;
    const calls = { limit, burstLimit: budget.burst, burst: heldBurst, held };
    const occupancy = { calls, nextSpaced, pausedUntil: now, cold };
    const grade = gradeOf(occupancy, 0, time);
    switch (grade) {
      case 'space':
        start(false);
        nextSpaced = time + budget.spacingMs;
        break;
      case 'burst':
        for (let room = roomIn(calls); room > 0; room--) start(true);
        break;
      case 'even':
        start(true);
        cold = { ...cold!, next: time + budget.evenMs };
        break;
      case 'probe':
        start(true);
        cold = { ...cold!, next: end };
        break;
      default: {
        const free = Math.min(burst![freeBurst] ?? end, (starts[over]?.at ?? end) + periodMs);
        const any = Math.min(free, spaced![freeSpaced] ?? end);
        // Its first call is out: all that is known is taken for all there is when that has been answered.
        if (grade === 'cold' && !cold!.even) [cold, time] = [undefined, time + answerMs];
        else time = nextChance(occupancy, grade, time, { any, burst: free, tokens: any });
      }
    }
  }
  const moments = starts.map(({ at }) => at - now);
  return periodic(moments, { permits: limit, unit, periodMs, goesOn: time < end });
};

/** The moments at which as many calls as one unit has come free, ascending; of calls without number, only the first. */
const inUnits = (releases: { readonly at: number; readonly calls: number }[], unit: number): number[] => {
  const moments: number[] = [];
  let free = 0;
  for (const { at, calls } of releases.sort((a, b) => a.at - b.at)) {
    free += within(Math.floor(calls), 0, Number.MAX_SAFE_INTEGER);
    while ((moments.length + 1) * unit <= free && moments.length < 10 * MOST_PERMITS) moments.push(at);
  }
  return moments;
};
