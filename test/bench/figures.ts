/** Figures of a heap, from a process of their own whose heap holds nothing else. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { childEnvironment, tieToUs } from './child.ts';

/** Runs a file of `processes` with a collector at its call, and reads the JSON it prints. */
export const printedBy = async <T>(
  file: string,
  args: readonly number[],
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<T> => {
  const path = fileURLToPath(new URL(`./processes/${file}`, import.meta.url));
  const running = promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', path, ...args.map(String)],
    { env: childEnvironment(env), timeout: timeoutMs, killSignal: 'SIGKILL' },
  );
  tieToUs(running.child);
  const { stdout } = await running;
  return JSON.parse(stdout) as T;
};
