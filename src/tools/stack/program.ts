/** Programs that are not ours, started so that they end with this process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Child, watched } from '../replay/target/child.ts';

/** The programs that a stack needs besides Node, and the Debian package of each. */
const PACKAGES = { 'redis-server': 'redis-server', prometheus: 'prometheus' } as const;

/** The path of every program. */
export type Programs = Readonly<Record<keyof typeof PACKAGES, string>>;

export class MissingProgram extends Error {
  override readonly name = 'MissingProgram';
}

/**
 * @param path the environment's PATH
 * @throws MissingProgram that names all that are missing
 */
export const findPrograms = (path: string): Programs => {
  const names = Object.keys(PACKAGES) as (keyof typeof PACKAGES)[];
  const found = names.map((name) => [name, findProgram(name, path)] as const);
  const missing = found.filter(([, file]) => file === undefined).map(([name]) => name);
  if (missing.length === 0) return Object.fromEntries(found) as unknown as Programs;
  const packages = missing.map((name) => PACKAGES[name]).join(' ');
  throw new MissingProgram(
    `needs ${missing.join(' and ')} on PATH. On Debian or Ubuntu: apt-get install --no-install-recommends ${packages}`,
  );
};

const findProgram = (name: string, path: string): string | undefined =>
  path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/** @param folder removed when the program ends, however this process ends */
export const startProgram = (command: string, args: readonly string[], folder: string): Child => {
  const program = spawn(command, [...args], {
    cwd: folder,
    env: {},
    // Ctrl-C reaches the whole group of a terminal: the stack alone decides when its programs end.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithParent(program, folder);
  return watched(program);
};

/** The pipe to the watchdog closes when this process is gone, even by SIGKILL, when no exit handler runs. */
const endWithParent = (program: ChildProcess, folder: string): void => {
  if (program.pid === undefined) return;
  const script = 'read -r _; kill -9 "$1" 2>/dev/null; rm -rf "$2"';
  const watchdog = spawn('sh', ['-c', script, 'watchdog', String(program.pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.stdin.on('error', () => {});
  watchdog.unref();
  program.once('exit', () => watchdog.kill('SIGKILL'));
};
