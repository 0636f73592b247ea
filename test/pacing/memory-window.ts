import { FleetWindow } from '../../src/pacing/window/fleet-window.ts';
import type { WindowRules } from '../../src/pacing/window/window.ts';

/** The window of one process that shares its budget with nobody. @param now monotonic milliseconds */
export const memoryWindow = (rules: WindowRules, now?: () => number): FleetWindow =>
  new FleetWindow({ rules, ...(now && { now }) });
