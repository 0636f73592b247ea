/** When the next calls could start: the window's own rule, run ahead of time until every permit has been taken once. */

import { within } from './numbers.ts';
import { type Cold, gradeOf, nextChance, type Occupancy } from './rule.ts';
import { HORIZON_MS, PeriodicSchedule, type Schedule } from './schedule.ts';
import { budgetOf } from './window.ts';

/** Permits that come free at one moment. */
export interface Release {
  readonly at: number;
  /** Granted one by one, not as asked. */
  readonly spaced: boolean;
  /** How many; one if nothing is said. */
  readonly calls?: number;
}

export interface WindowState extends Omit<Occupancy, 'budget' | 'burst' | 'held'> {
  readonly windowMs: number;
  /** When the permits that are held come free, in any order. */
  readonly releases: readonly Release[];
}

/** The rule is run for so many permits at most; where there are more, several are taken for one. */
const MOST_STEPS = 1000;

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
  const unit = Math.ceil(places / MOST_STEPS);
  const limit = Math.floor(places / unit);
  const budget = budgetOf({ limit, windowMs });
  const answerMs = within(latencyMs, 0, HORIZON_MS);
  const [burst, spaced] = [false, true].map((kind) => {
    const releases = state.releases.filter((release) => release.spaced === kind);
    return inUnits(
      releases.map((release) => ({ ...release, at: soon(release.at) })),
      unit,
    );
  });
  // How many of them have come free, and how many permits have been taken.
  let [freeBurst, freeSpaced, takenBurst] = [0, 0, 0];
  let cold: Cold | undefined = state.cold && { ...state.cold, next: soon(state.cold.next) };
  let [nextSpaced, time] = [soon(state.nextSpaced), soon(state.pausedUntil)];
  const starts: number[] = [];
  const start = (): void => {
    starts.push(time - now);
  };
  while (starts.length < limit && time < end) {
    while (burst![freeBurst]! <= time) freeBurst++;
    while (spaced![freeSpaced]! <= time) freeSpaced++;
    const held = burst!.length - freeBurst + spaced!.length - freeSpaced + starts.length;
    const heldBurst = burst!.length - freeBurst + takenBurst;
    const occupancy = { limit, budget, burst: heldBurst, held, nextSpaced, pausedUntil: now, cold };
    const grade = gradeOf(occupancy, time);
    switch (grade) {
      case 'space':
        start();
        nextSpaced = time + budget.spacingMs;
        break;
      case 'burst':
        start();
        takenBurst++;
        break;
      case 'even':
        start();
        takenBurst++;
        cold = { ...cold!, next: time + windowMs / limit };
        break;
      case 'probe':
        start();
        takenBurst++;
        cold = { ...cold!, next: end };
        break;
      default: {
        const free = burst![freeBurst] ?? end;
        const any = Math.min(free, spaced![freeSpaced] ?? end);
        // Its first call is out: all that is known is taken for all there is when that has been answered.
        if (grade === 'cold' && !cold!.even) [cold, time] = [undefined, time + answerMs];
        else time = nextChance(occupancy, grade, { any, burst: free });
      }
    }
  }
  return new PeriodicSchedule(starts, limit, unit, answerMs + windowMs);
};

/** The moments at which as many calls as one unit has come free, ascending; of calls without number, only the first. */
const inUnits = (releases: readonly Release[], unit: number): number[] => {
  const moments: number[] = [];
  let free = 0;
  for (const { at, calls = 1 } of [...releases].sort((a, b) => a.at - b.at)) {
    free += within(Math.floor(calls), 0, Number.MAX_SAFE_INTEGER);
    while ((moments.length + 1) * unit <= free && moments.length < 10 * MOST_STEPS) moments.push(at);
  }
  return moments;
};
