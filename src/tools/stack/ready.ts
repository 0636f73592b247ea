/** Waits for a program that was started. */

import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../replay/target/child.ts';

const READY_MS = 20_000;
const POLL_MS = 50;

/** Waits until it answers. Rejects with its last lines when it ends instead, or takes too long. */
export const untilReady = async (
  name: string,
  child: Child,
  answers: () => Promise<boolean>,
): Promise<void> => {
  let ended: string | undefined;
  void child.exited.then((how) => {
    ended = how;
  });
  const deadline = performance.now() + READY_MS;
  while (ended === undefined && performance.now() < deadline) {
    if (await answers().catch(() => false)) return;
    await sleep(POLL_MS);
  }
  throw new Error(`${name} ${ended ?? 'did not become ready'}\n${child.lastWords()}`.trim());
};

/**
 * A free port of this machine. Another program may take it before it is used: then our program fails with an error.
 * @param preferred returned if it is free
 */
export const freePort = (preferred = 0): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => (preferred === 0 ? reject(error) : resolve(freePort())));
    server.listen(preferred, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
