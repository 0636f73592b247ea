/** Node processes of the bench: each listens on a port it is given, and none outlives the bench. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Server {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** Ends it in good order (SIGTERM), and for certain after 5 s. */
  stop(): Promise<void>;
}

const READY_MS = 15_000;
const STOP_MS = 5_000;

/** All that a child sees of our environment: the variables that configure a gateway must not leak in from outside. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'NODE_OPTIONS'];

export const childEnvironment = (env: Readonly<Record<string, string>>): Record<string, string> => ({
  ...Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
  ...env,
});

/** Below the range that systems take for outgoing connections, so that nobody else is about to get it. */
const somePort = (): number => 20_000 + Math.floor(Math.random() * 12_000);

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode === null && signalCode === null;

/** Kills the child when this process is gone, which closes the pipe: exit handlers don't run after a SIGKILL. */
export const tieToUs = (child: ChildProcess): void => {
  const watchdog = spawn('sh', ['-c', 'read -r _; kill -9 "$1"', 'watchdog', String(child.pid)], {
    // In a group of its own, so that Ctrl-C doesn't take it before its work is done.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.stdin.on('error', () => {});
  watchdog.unref();
  (watchdog.stdin as unknown as { unref(): void }).unref();
  child.once('exit', () => watchdog.kill('SIGKILL'));
};

/**
 * Runs `node ...args` with a free port in `PORT`, and resolves when it listens there. What it writes to stdout (a
 * gateway's request log) goes to the null device: written, but nobody's work to read.
 */
export const startServer = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Server> => startProgram(process.execPath, () => args, env);

/** Runs any program that listens on the port that it is given, in its arguments or in `PORT`. */
export const startProgram = async (
  program: string,
  argsOf: (port: number) => readonly string[],
  env: Readonly<Record<string, string>> = {},
  attempts = 3,
): Promise<Server> => {
  const port = somePort();
  if (await isListening(port)) return startProgram(program, argsOf, env, attempts);
  const args = argsOf(port);
  const child = spawn(program, args, {
    env: childEnvironment({ ...env, PORT: String(port) }),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'spawn');
  tieToUs(child);

  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline && isRunning(child)) {
    if (await isListening(port)) {
      return { pid: child.pid!, port, url: `http://127.0.0.1:${port}`, stop: () => stop(child) };
    }
    await sleep(20);
  }
  await stop(child);
  if (attempts > 1) return startProgram(program, argsOf, env, attempts - 1);
  throw new Error(`${program} ${args.join(' ')} did not come to listen on port ${port}`);
};

const stop = async (child: ChildProcess): Promise<void> => {
  if (!isRunning(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(impatient);
};
