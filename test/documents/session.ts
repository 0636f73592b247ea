/**
 * What a document tells its reader to type, typed. Blocks of shell that say `runnable` run one after the other in one shell,
 * as the reader's do. The last line of one that says `runnable server` goes on in the background until the next such block.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cleanCopy, ROOT } from '../support/clean-copy.ts';
import type { CodeBlock } from './markdown.ts';

export interface SessionOptions {
  readonly blocks: readonly CodeBlock[];
  /** What a reader puts in the place of something, and what a test does. */
  readonly replacements: Readonly<Record<string, string>>;
  /** Where servers listen. */
  readonly port: number;
}

export interface Session {
  readonly code: number | null;
  /** What each of the runnable blocks said. */
  readonly outputs: readonly string[];
  /** All that was said, for whoever looks for the reason of a failure. */
  readonly log: string;
}

export const isRunnable = ({ info }: CodeBlock): boolean => /^sh runnable\b/.test(info);

const isServer = ({ info }: CodeBlock): boolean => info === 'sh runnable server';

/** Ends the server before, and waits for the next. */
const PRELUDE = `set -euo pipefail
server=
halt() { [ -z "$server" ] || { kill "$server"; wait "$server" || true; server=; }; }
ready() { until curl -sf -o /dev/null "localhost:$PORT/readyz"; do kill -0 "$server"; sleep 0.05; done; }`;

/** Packages are there already: linked, not installed. Everything else is npm's. */
const npmOf = (path: string): string => `#!/bin/bash
if [ "$*" = ci ]; then exec ln -sfn '${join(ROOT, 'node_modules')}' node_modules; fi
PATH='${path}' exec npm "$@"
`;

const scriptOf = (blocks: readonly CodeBlock[], outputOf: (block: number) => string): string => {
  const parts = blocks.map((block, i) => {
    const lines = block.text.trim().split('\n');
    const served = isServer(block) ? lines.pop() : undefined;
    const typed = `{\n${[':', ...lines].join('\n')}\n} >'${outputOf(i)}'`;
    return served === undefined ? typed : `halt\n${typed}\n${served} >&2 &\nserver=$!\nready`;
  });
  const installed = blocks.some(({ text }) => /^npm ci$/m.test(text)) ? '' : 'npm ci';
  return [PRELUDE, installed, ...parts, 'halt'].join('\n');
};

/** In a clean copy of the project, with nothing of this machine but where programs are. */
export const run = async ({ blocks, replacements, port }: SessionOptions): Promise<Session> => {
  using copy = cleanCopy();
  const beside = mkdtempSync(join(tmpdir(), 'session-'));
  const outputOf = (block: number): string => join(beside, `output-${block}`);
  const path = process.env.PATH ?? '';
  const programs = join(beside, 'bin');
  mkdirSync(programs);
  writeFileSync(join(programs, 'npm'), npmOf(path));
  chmodSync(join(programs, 'npm'), 0o755);
  const runnable = blocks.filter(isRunnable);
  const script = Object.entries(replacements).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    scriptOf(runnable, outputOf),
  );

  const child = spawn('bash', ['-c', script], {
    cwd: copy.folder,
    env: { PATH: `${programs}${delimiter}${path}`, HOME: process.env.HOME ?? tmpdir(), PORT: String(port) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const reap = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  };
  process.once('exit', reap);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    const outputs = code === 0 ? runnable.map((_, i) => readFileSync(outputOf(i), 'utf8')) : [];
    return { code, outputs, log };
  } finally {
    reap();
    process.off('exit', reap);
    rmSync(beside, { recursive: true, force: true });
  }
};
