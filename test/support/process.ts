/** The gateway as the process that production runs, with an environment of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { program } from './program.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface GatewayProcess {
  /** Base URL, once it listens; rejects when it ends before. */
  readonly listening: Promise<string>;
  readonly exited: Promise<Exit>;
  /** Everything written so far. */
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Reads its output no more: `stuck` keeps the pipe open, `gone` closes it. */
  stopReading(how: 'stuck' | 'gone'): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Resolves when everything that a process has written has been read, or nobody reads it. */
const drained = async (output: Readable): Promise<void> => {
  if (!output.closed && !output.isPaused()) await once(output, 'close');
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The port in the line that says that a gateway listens, as JSON or as for people at a terminal. */
const portIn = (line: string): number | undefined => {
  const [, port] =
    /"port":(\d+),.*"msg":"listening"|listening {2}port=(\d+)/.exec(line)?.filter(Boolean) ?? [];
  return port === undefined ? undefined : Number(port);
};

/**
 * Starts `src/main.ts`, or what else is told, on a free port of 127.0.0.1. It sees the given variables and nothing of this process's own
 * environment, and dies with this process.
 */
export const runGateway = (
  env: Readonly<Record<string, string>>,
  [command, ...words]: readonly [string, ...string[]] = [process.execPath, ...program()],
): GatewayProcess => {
  const child = spawn(command, words, {
    cwd: ROOT,
    env: { HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const reap = (): void => void child.kill('SIGKILL');
  process.once('exit', reap);
  let stdout = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // Not before everything written has been read, if it is read at all.
  const exited = once(child, 'exit').then(async ([code, signal]): Promise<Exit> => {
    await Promise.all([child.stdout, child.stderr].map(drained));
    process.off('exit', reap);
    return { code, signal };
  });
  const listening = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const port = stdout
        .split('\n')
        .slice(0, -1)
        .map(portIn)
        .find((found) => found !== undefined);
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    });
    void exited.then(({ code }) => reject(new Error(`The gateway ended with ${code} before it listened.`)));
  });
  // Who waits for the exit only need not hear it twice.
  listening.catch(() => {});
  return {
    listening,
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
    stopReading(how) {
      for (const stream of [child.stdout, child.stderr]) {
        if (how === 'stuck') stream.pause();
        else stream.destroy();
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
};
