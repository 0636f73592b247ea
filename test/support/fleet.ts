/** Several gateways as processes of their own, in front of one simulator and one Redis. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { program } from './program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface GatewayProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Log lines so far. */
  readonly log: readonly string[];
  /** SIGTERM, and wait for the end. Resolves with the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** Starts `src/main.ts` on a free port with this environment; resolves when it listens. */
export const startProcess = async (env: Readonly<Record<string, string>>): Promise<GatewayProcess> => {
  const child = spawn(process.execPath, program(), {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NODE_ENV: 'test', HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  const ended = once(child, 'exit').then(([code]) => {
    process.off('exit', killed);
    return code as number | null;
  });
  const log: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      log.push(line);
      if (line.includes('"msg":"listening"')) resolve((JSON.parse(line) as { port: number }).port);
    });
    createInterface({ input: child.stderr! }).on('line', (line) => log.push(line));
    void ended.then((code) => reject(new Error(`the gateway ended with ${code}: ${log.join('\n')}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    child,
    log,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
