/** Ends a process whose event loop is stalled: such a process answers nothing, and handles no signal. */

import inspector from 'node:inspector';
import { Worker } from 'node:worker_threads';

export interface WatchdogOptions {
  /** How long the event loop may be stalled, milliseconds. */
  readonly stallMs: number;
  /** The options of the log, for the watchdog's last line. */
  readonly stamped: boolean;
  readonly base: Readonly<Record<string, string | undefined>>;
  /** Called with the error's code when the watchdog could not start, or has ended. */
  readonly onFailure: (code: string | undefined) => void;
}

/** The data that the watchdog's thread is started with. */
export interface WatchdogData extends Omit<WatchdogOptions, 'onFailure'> {
  /** Shared memory: the number of beats of the event loop, and 1 once a debugger may stop it. */
  readonly pulse: Int32Array;
  readonly tickMs: number;
  /** URL of the project's folder, to which the paths in the last line are relative. */
  readonly root: string;
}

const TICK_MS = 250;

/**
 * From now on a thread of its own ends this process with exit code 70, and a line on standard error, when the event loop is
 * stalled (with SIGKILL, if it is stalled in native code). The thread does not keep the process alive.
 */
export const startWatchdog = ({ onFailure, ...options }: WatchdogOptions): void => {
  const pulse = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const root = new URL('../../', import.meta.url).href;
  const workerData: WatchdogData = { ...options, pulse, tickMs: TICK_MS, root };
  const fail = ({ code, name }: NodeJS.ErrnoException): void => onFailure(code ?? name);
  try {
    new Worker(new URL('./watchdog-worker.js', import.meta.url), {
      workerData,
      // The thread gets neither the loaders nor the secrets of the main thread.
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
