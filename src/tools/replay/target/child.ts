/** A Node process that ends with its parent. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ChildOptions {
  readonly entry: URL;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Hears every line it writes to standard output. */
  readonly onLine?: (line: string) => void;
}

/** A process under watch. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves with how it ended. */
  readonly exited: Promise<string>;
  /** What it said last on standard error, for people. */
  lastWords(): string;
  /** Ends it in good order; by force when it doesn't listen. */
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const PARENT_WATCHDOG = new URL('./parent-watchdog.ts', import.meta.url).href;

/** A gateway gives up what it is doing after 25 s. */
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
 * @param child has pipes for what it says
 * @param onLine hears every line it writes to standard output
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
