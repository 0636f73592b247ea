/** A Redis that writes nothing to disk. */

import { Redis } from 'ioredis';
import type { Child } from '../replay/target/child.ts';
import { startProgram } from './program.ts';
import { freePort, untilReady } from './ready.ts';

export interface ProgramOptions {
  /** Path of the program. */
  readonly command: string;
  /** A folder of its own, which is removed with it. */
  readonly folder: string;
  /** Called with the process as soon as it is started. */
  readonly onStart: (child: Child) => void;
}

/** @returns its URL */
export const startRedis = async ({ command, folder, onStart }: ProgramOptions): Promise<string> => {
  const port = await freePort();
  const address = ['--bind', '127.0.0.1', '--port', String(port)];
  const child = startProgram(command, [...address, '--save', '', '--appendonly', 'no'], folder);
  onStart(child);
  await untilReady('Redis', child, () => ping(port));
  return `redis://127.0.0.1:${port}`;
};

const ping = async (port: number): Promise<boolean> => {
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } finally {
    client.disconnect();
  }
};
