/** A Node process that ends with its parent. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ChildOptions {
  readonly entry: URL;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Called with every line that it writes to standard output. */
  readonly onLine?: (line: string) => void;
}

/** A process under watch. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves with a description of how it ended. */
  readonly exited: Promise<string>;
  /** Its last lines on standard error, for people. */
  lastWords(): string;
  /** Ends it by a signal; by force if it doesn't end in time. */
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const PARENT_WATCHDOG = new URL('./parent-watchdog.ts', import.meta.url).href;

/** Longer than the 25 s that a gateway's drain may take. */
const PATIENCE_MS = 28_000;

const LAST_WORDS = 4000;

export const startChild = ({ entry, env, onLine }: ChildOptions): Child =>
  watched(
    fork(fileURLToPath(entry), {
      cwd: ROOT, // where tsx is found
      env,
      execArgv: ['--import', 'tsx', '--import', PARENT_WATCHDOG],
      // Ctrl-C reaches the whole group of a terminal: the replay alone decides when its processes end.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    }),
    onLine,
  );

/**
 * @param child with pipes for its output
 * @param onLine called with every line that it writes to standard output
 */
export const watched = (child: ChildProcess, onLine: (line: string) => void = () => {}): Child => {
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-LAST_WORDS);
  });
  createInterface({ input: child.stdout! }).on('line', onLine);

  const exited = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(`could not start (${error.code})`));
    child.once('close', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with ${code}`));
  });
  return {
    process: child,
    exited,
    lastWords: () => words.trim(),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await gone;
      clearTimeout(force);
    },
  };
};
