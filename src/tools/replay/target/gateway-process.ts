/** A gateway as in production, in a process of its own on any free port. */

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { type Child, startChild } from './child.ts';

export interface GatewayProcessOptions {
  /** Its environment, without the address. */
  readonly env: Readonly<Record<string, string>>;
  /** Called with each error line of its log. */
  readonly onError: (line: string) => void;
  /** Called with the process as soon as it is started. */
  readonly onStart: (child: Child) => void;
}

const READY_MS = 60_000;
const POLL_MS = 50;

const MAIN = new URL('../../../main.ts', import.meta.url);

/** Starts a gateway and waits until it can serve. @returns its base URL */
export const startGatewayProcess = async (options: GatewayProcessOptions): Promise<string> => {
  let port: number | undefined;
  const child = startChild({
    entry: MAIN,
    env: { ...options.env, HOST: '127.0.0.1', PORT: '0' },
    onLine(line) {
      port ??= portIn(line);
      if (/^\{"level":"(error|fatal)"/.test(line)) options.onError(line);
    },
  });
  options.onStart(child);
  let ended: string | undefined;
  void child.exited.then((how) => {
    ended = how;
  });
  const deadline = performance.now() + READY_MS;
  while (ended === undefined && performance.now() < deadline) {
    const url = `http://127.0.0.1:${port}`;
    if (port !== undefined && (await isReady(url))) return url;
    await sleep(POLL_MS);
  }
  throw new Error(`a gateway ${ended ?? 'did not become ready'}\n${child.lastWords()}`.trim());
};

/** The system chooses the port, which is read from the log: one chosen here could be taken by another program meanwhile. */
const portIn = (line: string): number | undefined => {
  if (!line.includes('"listening"')) return undefined;
  const { msg, port } = JSON.parse(line) as { msg?: unknown; port?: unknown };
  return msg === 'listening' && typeof port === 'number' ? port : undefined;
};

/** A gateway without its Redis reports that it is degraded: good enough for callers, but not for measurements. */
const isReady = async (url: string): Promise<boolean> => {
  try {
    const { statusCode, body } = await request(`${url}/readyz`);
    const { status } = (await body.json()) as { status?: unknown };
    return statusCode === 200 && status === 'ready';
  } catch {
    return false;
  }
};
