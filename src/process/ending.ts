/** How a process ends: in bounded time, whatever hangs or fails, and with an exit code that says why. */

import { existsSync } from 'node:fs';
import type { LineWriter } from './line-writer.ts';

export interface EndingOptions {
  readonly lines: LineWriter;
  /** Milliseconds from the first signal after which the process ends in any case. */
  readonly budgetMs: number;
  /** Called at the first signal. The promise that it returns is awaited, within the budget. */
  readonly onSignal: (signal: NodeJS.Signals) => Promise<void>;
  /** Called with an uncaught error, for the log. */
  readonly onCrash: (error: unknown) => void;
}

/** Heroku sends SIGTERM; a terminal sends SIGINT, and SIGHUP when it is closed. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** How long a slow reader of the log has for the last lines, milliseconds. */
const LAST_LINES_MS = 500;

/** Node's names of the work on libuv's threads: name look-ups and file access. */
const ON_A_THREAD = /^(GetAddrInfo|GetNameInfo|FS)Req/;

const SHELL = '/bin/sh';

/**
 * `process.exit` waits for libuv's threads, and a name server that does not answer blocks one for half a minute. Replacing
 * the process by another program (`execve`) waits for nothing; node 20 cannot do that.
 */
const leave = (code: number): never => {
  const { execve } = process as {
    execve?: (file: string, words: string[], env: Record<string, string>) => never;
  };
  const busy = process.getActiveResourcesInfo().some((name) => ON_A_THREAD.test(name));
  if (busy && execve && existsSync(SHELL)) execve(SHELL, ['sh', '-c', `exit ${code}`], {});
  process.exit(code);
};

/** Ends the process when the last lines are written, or when no reader takes them in time. */
export const end = async (lines: LineWriter, code: number): Promise<never> => {
  await lines.settle(LAST_LINES_MS);
  lines.flush();
  return leave(code);
};

/**
 * From now on a signal ends this process with 0, and an uncaught error with 1, since its state cannot be trusted then. Heroku
 * sends several signals to every process of a dyno: only the first one has an effect.
 */
export const endProperly = ({ lines, budgetMs, onSignal, onCrash }: EndingOptions): void => {
  process.once('exit', () => lines.flush());

  let ending = false;
  const onFirst = (signal: NodeJS.Signals): void => {
    if (ending) return;
    ending = true;
    // The time for the last lines is part of the budget.
    setTimeout(() => leave(0), budgetMs);
    onSignal(signal)
      .catch(onCrash)
      .then(() => end(lines, 0));
  };
  for (const signal of SIGNALS) process.on(signal, onFirst);

  let crashed = false;
  // Unhandled rejections come here, too. Node's own report would quote the message, which may quote a document.
  process.on('uncaughtException', (error) => {
    if (crashed) return;
    crashed = true;
    onCrash(error);
    void end(lines, 1);
  });
};
