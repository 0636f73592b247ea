/** The gateway as the process that production runs, with an environment of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

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
  [Symbol.asyncDispose](): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Starts `src/main.ts` on a free port of 127.0.0.1. It sees the given variables and nothing of this process's own
 * environment, and dies with this process.
 */
export const runGateway = (env: Readonly<Record<string, string>>): GatewayProcess => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
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
  // `close` and not `exit`: by then everything written has been read.
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    process.off('exit', reap);
    return { code, signal };
  });
  const listening = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const line = stdout.split('\n').find((candidate) => candidate.includes('"msg":"listening"'));
      if (line?.endsWith('}')) resolve(`http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}`);
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
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
};
