/**
 * When the next calls could start, by the window's own rule, if each lasts as long as usual and there are always more: a place
 * that comes free is taken, and is free again a window and a call later. Pure: times are monotonic milliseconds; what
 * makes no sense is taken for the nearest moment that does.
 */

import { type Measure, within } from './amount.ts';
import type { Permit } from './permits.ts';
import { gradeOf, type Level, type Occupancy, roomIn } from './rule.ts';
import { HORIZON_MS, type Schedule, type Schedules } from './schedule.ts';
import { budgetOf } from './window.ts';

/** A window at a moment. */
export interface Seen {
  readonly occupancy: Occupancy;
  readonly permits: () => readonly Permit[];
  readonly windowMs: number;
}

/** Where there are more places, several are taken for one. */
const MOST_PLACES = 1000;

/** @see FleetWindow.schedules. While there is room, nothing needs to be foreseen. */
export const schedulesOf = (seen: Seen, now: number, latencyMs: number): Schedules => {
  const { calls, tokens } = seen.occupancy;
  const asAsked = gradeOf(seen.occupancy, 0, now) === 'burst';
  const of = (measure: Measure, level: Level): Schedule => {
    const room = asAsked ? roomIn(level) : 0;
    let foreseen: Schedule | undefined;
    return {
      startOf(n) {
        if (n < room) return 0;
        foreseen ??= forecast(measure, seen, now, latencyMs);
        return foreseen.startOf(n);
      },
    };
  };
  return { calls: of('calls', calls), tokens: tokens && of('tokens', tokens) };
};

/**
 * Of one budget. A cold window is taken to be as warm as its permits say once its first call is answered, unless it is known
 * that answers do not say.
 */
const forecast = (measure: Measure, seen: Seen, now: number, latencyMs: number): Schedule => {
  const { cold, pausedUntil, nextSpaced, [measure]: level } = seen.occupancy;
  const places = within(Math.floor(level!.limit), 1, Number.MAX_SAFE_INTEGER);
  const unit = Math.ceil(places / MOST_PLACES);
  const limit = Math.floor(places / unit);
  const { burst, spacingMs, evenMs } = budgetOf({ limit, windowMs: seen.windowMs });
  const periodMs = within(seen.windowMs + latencyMs, 1, HORIZON_MS);
  const soon = (moment: number): number => within(moment, now, now + HORIZON_MS);
  const permits = [...seen.permits()].sort((a, b) => a.releaseAt - b.releaseAt);
  /** When so many places are free, in order, and not before `from`, if these permits are held. */
  const freesOf = (places: number, from: number, held: readonly Permit[]): number[] => {
    const frees: number[] = [];
    let amount = 0;
    for (const permit of held) {
      // A call in flight will be answered in the usual time.
      const at = Math.max(from, within(permit.releaseAt, now, now + periodMs));
      amount += permit[measure];
      while ((frees.length + 1) * unit <= amount && frees.length < 10 * MOST_PLACES) frees.push(at);
    }
    const free = new Array<number>(Math.max(0, places - frees.length)).fill(from);
    return [...free, ...frees.slice(Math.max(0, frees.length - places))];
  };
  const from = soon(pausedUntil);
  const warmFrom = Math.max(from, soon(cold ? (cold.even ? cold.until : from + latencyMs) : now));
  const asked = permits.filter(({ spaced }) => !spaced);
  const spaced = permits.filter(({ spaced }) => spaced);
  const starts = [
    ...freesOf(burst, warmFrom, asked),
    ...oneByOne(freesOf(limit - burst, warmFrom, spaced), soon(nextSpaced), spacingMs),
  ].sort((a, b) => a - b);
  // Others who use the key hold places of neither kind.
  for (const [n, at] of freesOf(limit, warmFrom, permits).entries()) starts[n] = Math.max(starts[n]!, at);
  if (cold) {
    const next = Math.max(from, soon(cold.next));
    const frees = freesOf(limit, from, permits);
    // One call goes first, unless it is out.
    const early = cold.even ? oneByOne(frees, next, evenMs) : frees.slice(0, next === from ? 1 : 0);
    for (const [n, at] of early.entries()) starts[n] = Math.min(starts[n]!, at);
  }
  // Where places are taken for longer than a period, the next round begins meanwhile. After three rounds it goes on as before.
  const overlaps = starts[limit - 1]! - starts[0]! > periodMs;
  const rounds = overlaps
    ? [0, 1, 2, 3].flatMap((round) => starts.map((at) => at + round * periodMs)).sort((a, b) => a - b)
    : starts;
  const known = overlaps ? 3 : 1;
  return {
    startOf(n) {
      const index = Math.floor(Math.max(0, n) / unit);
      const more = Math.max(0, Math.floor(index / limit) + 1 - known);
      const start = rounds[index - more * limit];
      return start === undefined ? HORIZON_MS : within(start + more * periodMs - now, 0, HORIZON_MS);
    },
  };
};

/** Each so much later than the one before. */
const oneByOne = (frees: readonly number[], from: number, everyMs: number): number[] => {
  let next = from;
  return frees.map((at) => {
    const start = Math.max(at, next);
    next = start + everyMs;
    return start;
  });
};
