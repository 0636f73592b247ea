/** A stack as people start it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/tools/stack/main.ts', import.meta.url));

export interface StackProcess extends AsyncDisposable {
  /** What stands behind a word at the beginning of a line, once it is said; rejects when it ends before. */
  said(word: string): Promise<string>;
  /** Every process that it has started, and those that they have. */
  family(): number[];
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ code: number | null; notes: string }>;
  /** What is left in its folder for temporary files, but for what tsx has compiled. */
  leftovers(): string[];
}

export const startStack = (...args: string[]): StackProcess => {
  const folder = mkdtempSync(join(tmpdir(), 'stack-test-'));
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    env: { PATH: process.env.PATH, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const reap = (): void => void child.kill('SIGKILL');
  process.once('exit', reap);
  const lines: string[] = [];
  let heard = (): void => {};
  let notes = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    notes += text;
  });
  const ended = once(child, 'close').then(([code]) => {
    process.off('exit', reap);
    return { code: code as number | null, notes };
  });
  const next = (): Promise<void> =>
    new Promise((resolve, reject) => {
      heard = resolve;
      void ended.then(({ code }) => reject(new Error(`the stack ended with ${code}\n${notes}`)));
    });
  return {
    async said(word) {
      for (;;) {
        const line = lines.find((one) => one.startsWith(word));
        if (line !== undefined) return line.slice(word.length).trim();
        await next();
      }
    },
    family: () => descendants(child.pid!),
    kill: (signal) => void child.kill(signal),
    ended,
    leftovers: () => readdirSync(folder).filter((name) => !name.startsWith('tsx-')),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const descendants = (pid: number): number[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.map(Number).flatMap((child) => [child, ...descendants(child)]);
};

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
