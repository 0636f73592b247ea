/** What a process takes of the processors. */

import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds that all threads of a process have run, those of its collector included; NaN where the system does not tell. */
export const cpuMs = (pid: number): number => {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
  } catch {
    return Number.NaN;
  }
};
