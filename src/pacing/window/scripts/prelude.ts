/**
 * What the scripts of a window have in common. The scripts keep the sliding-window log atomically in Redis, by Redis' own
 * clock: the clocks of processes differ by seconds. Times are whole microseconds, which Lua's numbers hold exactly until
 * the year 2255.
 *
 * Each piece uses what the pieces before it define.
 */

import { EPOCH } from './prelude/epoch.ts';
import { FACTS } from './prelude/facts.ts';
import { PLACES } from './prelude/places.ts';
import { PROCESSES } from './prelude/processes.ts';
import { READING } from './prelude/reading.ts';
import { SEAL } from './prelude/seal.ts';
import { TURNS } from './prelude/turns.ts';
import { VIEW } from './prelude/view.ts';

/**
 * The beginning of every script. When it has run, the window is as it is now: what others wrote is dropped, what has come
 * free is removed, and there is an epoch. ARGV of every script begins with: process, window (µs).
 */
export const PRELUDE = [READING, SEAL, FACTS, PLACES, EPOCH].join('');

/** For scripts that hear of the other processes, or tell of the window. */
export const FLEET_VIEW = [PROCESSES, TURNS, VIEW].join('');
