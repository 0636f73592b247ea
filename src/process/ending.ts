/** How a process ends: whatever hangs or fails on the way, within a bound and with an exit code that says why. */

import { existsSync } from 'node:fs';
import type { LineWriter } from './line-writer.ts';

export interface EndingOptions {
  readonly lines: LineWriter;
  /** Milliseconds from the first signal after which nothing is waited for any more. */
  readonly budgetMs: number;
  /** Told of the first signal. What it returns is waited for, within the budget. */
  readonly onSignal: (signal: NodeJS.Signals) => Promise<void>;
  /** Told of an error that nobody has caught, for the log. */
  readonly onCrash: (error: unknown) => void;
}

/** Heroku sends SIGTERM, a terminal SIGINT, and SIGHUP when it is closed. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** How long a slow reader of the log is given for the last lines, milliseconds. */
const LAST_LINES_MS = 500;

/** What libuv's threads are busy with, as node calls it: looking up a name, or something of the file system. */
const ON_A_THREAD = /^(GetAddrInfo|GetNameInfo|FS)Req/;

const SHELL = '/bin/sh';

/**
 * `process.exit` waits for libuv's threads, and a name server that does not answer holds one up for half a minute. Another
 * program in the process's place waits for nothing; node 20 can't do that.
 */
const leave = (code: number): never => {
  const { execve } = process as {
    execve?: (file: string, words: string[], env: Record<string, string>) => never;
  };
  const busy = process.getActiveResourcesInfo().some((name) => ON_A_THREAD.test(name));
  if (busy && execve && existsSync(SHELL)) execve(SHELL, ['sh', '-c', `exit ${code}`], {});
  process.exit(code);
};

/** Ends the process as soon as the last lines are out, or nobody takes them. */
export const end = async (lines: LineWriter, code: number): Promise<never> => {
  await lines.settle(LAST_LINES_MS);
  lines.flush();
  return leave(code);
};

/**
 * From now on a signal ends this process with 0, and an error that nobody has caught with 1: what else it was doing can't be
 * trusted then. Heroku sends several signals to every process of a dyno: later ones find the end under way.
 */
export const endProperly = ({ lines, budgetMs, onSignal, onCrash }: EndingOptions): void => {
  process.once('exit', () => lines.flush());

  let ending = false;
  const onFirst = (signal: NodeJS.Signals): void => {
    if (ending) return;
    ending = true;
    // The last lines have their time within the budget.
    setTimeout(() => leave(0), budgetMs);
    onSignal(signal)
      .catch(onCrash)
      .then(() => end(lines, 0));
  };
  for (const signal of SIGNALS) process.on(signal, onFirst);

  let crashed = false;
  // An unhandled rejection comes here, too. Node's own report would quote the message, which may quote a document.
  process.on('uncaughtException', (error) => {
    if (crashed) return;
    crashed = true;
    onCrash(error);
    void end(lines, 1);
  });
};
