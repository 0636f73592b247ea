/** Runs a replay and keeps what it says. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { run } from '../../../src/tools/replay/run.ts';

export interface Outcome {
  readonly code: number | null;
  /** Standard output. */
  readonly out: string;
  /** Standard error. */
  readonly notes: string;
}

/** With what the replay must not hand on: with any of these, a gateway would look for another upstream, or not start. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  VERIFY_RATE: '0',
  UPSTREAMS: 'ELSEWHERE',
  MODEL_LIMITS: 'another-model=1',
  REDIS_URL: 'redis://127.0.0.1:1',
  RATE_WINDOW_MS: '1',
};

/** In this process, but for what it starts. */
export const replay = async (...args: string[]): Promise<Outcome> => {
  const out: string[] = [];
  const notes: string[] = [];
  const code = await run({
    args,
    env: ENVIRONMENT,
    out: (line) => void out.push(line),
    note: (line) => void notes.push(line),
    terminal: { isTTY: false } as NodeJS.WriteStream,
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), notes: notes.join('\n') };
};

export interface CommandLine {
  readonly process: ChildProcess;
  /** Resolves when it begins to send, with the addresses of the gateways. */
  readonly started: Promise<string[]>;
  readonly ended: Promise<Outcome>;
}

const MAIN = fileURLToPath(new URL('../../../src/tools/replay/main.ts', import.meta.url));

/** As people run it. */
export const commandLine = (...args: string[]): CommandLine => {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let notes = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const started = new Promise<string[]>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      notes += text;
      const addresses = /replaying .* through (.*)\n/.exec(notes)?.[1];
      if (addresses !== undefined) resolve(addresses.split(', '));
    });
  });
  const ended = once(child, 'close').then(([code]): Outcome => ({ code, out, notes }));
  return { process: child, started, ended };
};

/** The cells of a table's row, without its title. */
export const cells = (text: string, title: string): string[] => {
  const line = text.split('\n').find((one) => one.startsWith(`│ ${title} `));
  if (line === undefined) throw new Error(`no row ${title} in\n${text}`);
  return line
    .split('│')
    .slice(2, -1)
    .map((cell) => cell.trim());
};
