/** Ends a process whose event loop stands still: it answers nothing, and no signal that it handles ends it. */

import inspector from 'node:inspector';
import { Worker } from 'node:worker_threads';

export interface WatchdogOptions {
  /** How long the event loop may stand still, milliseconds. */
  readonly stallMs: number;
  /** What the last line has in common with the log's. */
  readonly stamped: boolean;
  readonly base: Readonly<Record<string, string | undefined>>;
  /** Told when there is no watchdog after all, with the code of why. */
  readonly onFailure: (code: string | undefined) => void;
}

/** What its thread is started with. */
export interface WatchdogData extends Omit<WatchdogOptions, 'onFailure'> {
  /** Shared: the beats of the event loop, and 1 once a debugger may hold it up. */
  readonly pulse: Int32Array;
  readonly tickMs: number;
  /** URL of the project's folder: places are told from there. */
  readonly root: string;
}

const TICK_MS = 250;

/**
 * From now on a thread of its own ends this process with exit code 70, and a line on standard error, when the event loop
 * stands still (with SIGKILL, if that is in native code). Keeps nothing alive.
 */
export const startWatchdog = ({ onFailure, ...options }: WatchdogOptions): void => {
  const pulse = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const root = new URL('../../', import.meta.url).href;
  const workerData: WatchdogData = { ...options, pulse, tickMs: TICK_MS, root };
  const fail = ({ code, name }: NodeJS.ErrnoException): void => onFailure(code ?? name);
  try {
    new Worker(new URL('./watchdog-worker.js', import.meta.url), {
      workerData,
      // Neither the loaders nor the secrets of the main thread.
      execArgv: [],
      env: {},
      name: 'watchdog',
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
      .on('error', fail)
      .unref();
  } catch (error) {
    fail(error as NodeJS.ErrnoException);
    return;
  }
  setInterval(() => {
    Atomics.add(pulse, 0, 1);
    Atomics.store(pulse, 1, inspector.url() === undefined ? 0 : 1);
  }, TICK_MS).unref();
};
