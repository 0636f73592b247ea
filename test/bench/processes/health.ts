/** Asks /healthz of a port again and again, from a process of its own: what it sees is nobody else's load. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../connection.ts';

export interface HealthFigures {
  readonly slowestMs: number;
  readonly count: number;
}

const EVERY_MS = 5;
const REQUEST = Buffer.from('GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n');

const [port, forMs] = process.argv.slice(2).map(Number);

const connection = await Connection.open(port!);
const figures = { slowestMs: 0, count: 0 };
for (const end = performance.now() + forMs!; performance.now() < end; await sleep(EVERY_MS)) {
  const started = performance.now();
  await connection.exchange(REQUEST);
  figures.slowestMs = Math.max(figures.slowestMs, performance.now() - started);
  figures.count++;
}
connection.close();
console.log(JSON.stringify(figures satisfies HealthFigures));
