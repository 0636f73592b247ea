/** Clients that are programs. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { type Shown, shownError } from './client.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  /** All that it sees besides the PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end. One that has closed its input is not an error. */
export const run = async (
  command: string,
  words: readonly string[],
  { input = '', env = {} }: RunOptions = {},
): Promise<Ended> => {
  const child = spawn(command, words, { env: { PATH: process.env.PATH ?? '', ...env } });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
};

/** What a program has said, as an error. */
export class Failed extends Error {
  readonly shown: Shown;

  constructor(shown: Shown) {
    super(shown.message);
    this.shown = shown;
  }
}

export const shown = (error: unknown): Shown => (error instanceof Failed ? error.shown : shownError(error));
