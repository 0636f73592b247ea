/** A slug, built as Heroku's Node.js buildpack does it, and the dynos that run it. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Copy, cleanCopy } from '../support/clean-copy.ts';
import { PROCFILE } from './manifest.ts';

type Environment = Readonly<Record<string, string>>;

const PATIENCE_MS = 20_000;
const POLL_MS = 20;

/** Nothing of this machine but where programs are, and npm's cache. */
const SYSTEM = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? tmpdir() };

export interface Slug extends Copy {
  /** Kilobytes on disk of the slug, or of something in it. */
  size(path?: string): number;
}

/** The tracked files alone, installed, built and pruned in this order. */
export const buildSlug = (): Slug => {
  const copy = cleanCopy();
  const { folder } = copy;
  const npm = (...words: string[]): void => {
    execFileSync('npm', [...words, '--prefer-offline', '--no-audit', '--no-fund'], {
      cwd: folder,
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  };
  npm('ci', '--include=dev');
  npm('run', 'build');
  npm('prune', '--omit=dev');
  return {
    folder,
    size: (path = '.') =>
      Number.parseInt(execFileSync('du', ['-sk', path], { cwd: folder, encoding: 'utf8' }), 10),
    [Symbol.dispose]: () => copy[Symbol.dispose](),
  };
};

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface Dyno {
  readonly output: () => string;
  readonly ended: Promise<Ended>;
  /** As Heroku does: to every process of the dyno, and more than once. */
  terminate(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A process type of the Procfile. */
export const startDyno = (slug: Slug, type: string, env: Environment): Dyno =>
  runOnDyno(slug, PROCFILE[type]!, env);

/** What `heroku run` does: a command in a shell of its own and with nothing but this environment. */
export const runOnDyno = (slug: Slug, command: string, env: Environment): Dyno => {
  const child = spawn('bash', ['-c', command], {
    cwd: slug.folder,
    env: { ...SYSTEM, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, name);
  };
  const reap = (): void => signal('SIGKILL');
  process.once('exit', reap);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code]): Ended => {
    process.off('exit', reap);
    return { code, output };
  });
  return {
    output: () => output,
    ended,
    terminate() {
      signal('SIGTERM');
      signal('SIGTERM');
    },
    async [Symbol.asyncDispose]() {
      signal('SIGKILL');
      await ended;
    },
  };
};

/** What Heroku sets in every web dyno, dyno metadata included. */
export const platform = (port: number): Environment => ({
  NODE_ENV: 'production',
  PORT: String(port),
  DYNO: 'web.1',
  WEB_CONCURRENCY: '2',
  WEB_MEMORY: '256',
  HEROKU_RELEASE_VERSION: 'v42',
  HEROKU_SLUG_COMMIT: '2c3a0b24069af49b3de35b8e8c26765c1dba9ff0',
});

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

/** The answer of a dyno that is about to start; rejects when it ends instead. */
export const untilAnswered = async (url: string, dyno: Dyno): Promise<Response> => {
  let ended: Ended | undefined;
  void dyno.ended.then((how) => {
    ended = how;
  });
  const deadline = performance.now() + PATIENCE_MS;
  while (ended === undefined && performance.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer) return answer;
    await sleep(POLL_MS);
  }
  throw new Error(`the dyno did not answer\n${dyno.output()}`);
};
