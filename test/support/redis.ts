import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A redis-server of one test file's own. It dies with the process that started it, however that ends. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Ends it in good order (SIGTERM) and waits for that; does nothing when it isn't running. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  /** Lets it hang (SIGSTOP): connections stay open, and nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** Forgets all data, not the scripts. */
  flush(): Promise<void>;
  /** Sends a command, its words separated by blanks; rejects with what Redis says when it refuses. */
  tell(command: string): Promise<string>;
  /** Calls of a command since the start; `client|setinfo` for a subcommand. This kit itself only calls info, flushall and quit. */
  commandCount(name: string): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

const READY_MS = 10_000;
const STOP_MS = 5_000;
const ANSWER_MS = 5_000;

/**
 * A port below the range systems take for outgoing connections: nobody gets it while a stopped server is about to come
 * back. That it is free shows when the server starts.
 */
const somePort = (): number => 20_000 + Math.floor(Math.random() * 12_000);

/** A raw connection, because a client's handshake would stand in the command counts. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`Redis did not answer ${command}`)));
  socket.write(`${command}\r\nQUIT\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  if (answer.startsWith('-')) throw new Error(answer.trim());
  return answer;
}

/** Ends the server when this process is gone, which closes the pipe: exit handlers don't run after a SIGKILL. */
function watch(server: ChildProcess, folder: string): ChildProcess {
  const script = 'read -r _; kill -9 "$1"; rm -rf "$2"';
  const watchdog = spawn('sh', ['-c', script, 'watchdog', String(server.pid), folder], {
    // In a group of its own, so that Ctrl-C doesn't take it before its work is done.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.stdin?.on('error', () => {});
  watchdog.unref();
  (watchdog.stdin as { unref?: () => void } | null)?.unref?.();
  return watchdog;
}

/** Ready means that THIS process answers: another server may own the port. */
const answersAs = async (pid: number, port: number): Promise<boolean> => {
  const info = await ask(port, 'INFO server').catch(() => '');
  return info.includes(`process_id:${pid}\r`);
};

async function launch(port: number, settings: readonly string[]): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'test-redis-'));
  const log = join(folder, 'log');
  const files = ['--save', '', '--appendonly', 'no', '--dir', folder, '--logfile', log];
  const server = spawn(
    'redis-server',
    ['--bind', '127.0.0.1', '--port', String(port), ...files, ...settings],
    {
      stdio: 'ignore',
    },
  );
  await once(server, 'spawn');
  const watchdog = watch(server, folder);
  let lastWords = '';
  server.once('exit', () => {
    watchdog.kill('SIGKILL');
    try {
      lastWords = readFileSync(log, 'utf8');
    } catch {
      // It ended before it had a log.
    }
    rmSync(folder, { recursive: true, force: true });
  });
  server.unref();

  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline && isRunning(server)) {
    if (await answersAs(server.pid!, port)) return server;
    await sleep(10);
  }
  await end(server, 'SIGKILL');
  throw new Error(`redis-server did not start on port ${port}\n${lastWords}`);
}

const isRunning = (server: ChildProcess): boolean => server.exitCode === null && server.signalCode === null;

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(server)) return;
  server.ref();
  const ended = once(server, 'exit');
  server.kill(signal);
  // A frozen process takes no other signal than SIGKILL.
  server.kill('SIGCONT');
  const impatient = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(impatient);
}

/** Fewer than one in ten thousand ports is taken: three failures in a row have another reason. */
async function launchSomewhere(
  settings: readonly string[],
  attempts = 3,
): Promise<{ port: number; server: ChildProcess }> {
  const port = somePort();
  try {
    return { port, server: await launch(port, settings) };
  } catch (error) {
    if (attempts === 1) throw error;
    return launchSomewhere(settings, attempts - 1);
  }
}

/**
 * A fresh and empty redis-server on 127.0.0.1 that writes nothing to disk, ready when this resolves.
 * @param settings of its command line, like `--maxmemory`, `2mb`
 */
export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const { port, server: first } = await launchSomewhere(settings);
  let server = first;
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop: () => end(server, 'SIGTERM'),
    kill: () => end(server, 'SIGKILL'),
    start: async () => {
      if (isRunning(server)) throw new Error('This Redis is running already');
      server = await launch(port, settings);
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    tell: (command) => ask(port, command),
    flush: async () => void (await ask(port, 'FLUSHALL')),
    commandCount: async (name) => {
      const stats = await ask(port, 'INFO commandstats');
      const line = stats.split('\r\n').find((text) => text.startsWith(`cmdstat_${name.toLowerCase()}:`));
      return Number(line?.match(/calls=(\d+)/)?.[1] ?? 0);
    },
    [Symbol.asyncDispose]: () => end(server, 'SIGKILL'),
  };
  return redis;
}
