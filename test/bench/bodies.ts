/** Large bodies: what many of them at a time take in memory, and what becomes of small hits beside them. */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildGateway, PRODUCTION_FLAGS } from '../support/build.ts';
import { quantile } from '../support/statistics.ts';
import { type Server, startServer } from './child.ts';
import { Connection, type Reply } from './connection.ts';
import type { Effort } from './options.ts';
import { bodyOf, httpRequest, MODEL } from './requests.ts';
import { GATEWAY_KEY, startUpstream, UPSTREAM_KEY } from './stage.ts';
import { tabulate } from './table.ts';

const MANY = 64;
const FEW = 2;
const LARGE = { documents: 1000, bytes: 2048 };
const SMALL = { documents: 10, bytes: 100 };

/** Between two looks at small hits and at `/healthz`, milliseconds. */
const EVERY_MS = 20;

/** Who is refused comes back after so long, milliseconds: sooner than he is told to. */
const AGAIN_MS = 200;

export const BODIES_NOTE =
  `bodies: none, ${FEW} or ${MANY} callers, each with ${LARGE.documents} documents of ${LARGE.bytes / 1024} KB, who ask again as soon as they have an ` +
  `answer, and ${AGAIN_MS} ms after a refusal. Beside them one asks for a small hit and one for /healthz, every ${EVERY_MS} ms. ` +
  'Hits: all ask the same. Paced: all ask something new, of 250 calls a minute. Unpaced: the same, without a limit. ' +
  'Resident: the most, by VmHWM, of a gateway of its own for each load.';

interface LoadKind {
  readonly name: string;
  readonly callers: number;
  /** Calls that the upstream allows in a minute. */
  readonly limit: number;
  /** The query of a caller's next request. */
  readonly query: (caller: number, turn: number) => string;
}

const KINDS: readonly LoadKind[] = [
  { name: 'none', callers: 0, limit: 1_000_000, query: () => '' },
  {
    name: 'few, unpaced',
    callers: FEW,
    limit: 1_000_000,
    query: (caller, turn) => `question ${turn} of ${caller}`,
  },
  { name: 'hits', callers: MANY, limit: 1_000_000, query: () => 'always the same' },
  { name: 'paced', callers: MANY, limit: 250, query: (caller, turn) => `question ${turn} of ${caller}` },
  {
    name: 'unpaced',
    callers: MANY,
    limit: 1_000_000,
    query: (caller, turn) => `question ${turn} of ${caller}`,
  },
];

/** The documents of all large requests. Put together anew in each, they would keep the generator from asking in time. */
const WHOLE = bodyOf(LARGE, '');
const DOCUMENTS = Buffer.from(WHOLE.slice(WHOLE.indexOf(',"documents":')));

const largeRequest = (query: string): Buffer => {
  const begin = `{"model":"${MODEL}","query":${JSON.stringify(query)}`;
  const head = httpRequest('/v1/rerank', GATEWAY_KEY, begin).toString();
  const length = Buffer.byteLength(begin) + DOCUMENTS.length;
  return Buffer.concat([
    Buffer.from(head.replace(/Content-Length: \d+/, `Content-Length: ${length}`)),
    DOCUMENTS,
  ]);
};

/** @returns a table */
export const bodies = async ({ bodiesMs }: Effort): Promise<string> => {
  const main = buildGateway();
  const upstream = await startUpstream();
  try {
    const rows: string[][] = [];
    for (const kind of KINDS) {
      const gateway = await startServer([...PRODUCTION_FLAGS, main], {
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        RERANK_URL: upstream.url,
        RERANK_KEY: UPSTREAM_KEY,
        GATEWAY_KEYS: `bench:${GATEWAY_KEY}`,
        MODEL_LIMITS: `${MODEL}=${kind.limit}`,
      });
      try {
        rows.push([kind.name, ...(await under(kind, gateway, bodiesMs))]);
        process.stderr.write(`bodies, ${kind.name}: done\n`);
      } finally {
        await gateway.stop();
      }
    }
    return tabulate(['bodies', 'answers', 'resident', 'small hit, ms', '/healthz, ms'], rows);
  } finally {
    await upstream.stop();
  }
};

const HEALTH = Buffer.from('GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n');

const under = async ({ callers, query }: LoadKind, { port, pid }: Server, ms: number): Promise<string[]> => {
  const small = httpRequest('/v1/rerank', GATEWAY_KEY, bodyOf(SMALL, 'small'));
  const idle = residentMb(pid);
  await sampled(port, small, performance.now());
  const end = performance.now() + ms;
  const statuses = new Map<number, number>();
  const caller = async (number: number): Promise<void> => {
    let connection: Connection | undefined;
    for (let turn = 0; performance.now() < end; turn++) {
      const request = largeRequest(query(number, turn));
      connection ??= await Connection.open(port);
      const reply = await Promise.race([
        answered(connection, request),
        sleep(Math.max(0, end - performance.now())),
      ]);
      if (reply === undefined) break;
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
      if (reply.status === 200) continue;
      connection.close();
      connection = undefined;
      await sleep(AGAIN_MS);
    }
    connection?.close();
  };
  const [hits, health] = await Promise.all([
    sampled(port, small, end),
    sampled(port, HEALTH, end),
    ...Array.from({ length: callers }, (_, i) => caller(i)),
  ]);
  return [
    [...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status || 'reset'}: ${count}`)
      .join('\n'),
    `${residentMb(pid)} MB\nfrom ${idle} MB`,
    told(hits),
    told(health),
  ];
};

/** A refusal may close the connection while the body is still being sent: status 0 when its answer got lost in that. */
const answered = async (connection: Connection, request: Buffer): Promise<Pick<Reply, 'status'>> => {
  try {
    return await connection.exchange(request);
  } catch {
    return { status: 0 };
  }
};

/** Milliseconds of each of one request after the other, until a moment; of one at least. */
const sampled = async (port: number, request: Buffer, end: number): Promise<number[]> => {
  const connection = await Connection.open(port);
  const all: number[] = [];
  do {
    const started = performance.now();
    const { status } = await connection.exchange(request);
    if (status !== 200) throw new Error(`expected 200, got ${status}`);
    all.push(performance.now() - started);
    await sleep(EVERY_MS);
  } while (performance.now() < end);
  connection.close();
  return all;
};

const told = (ms: readonly number[]): string =>
  [
    `p50 ${quantile(ms, 0.5).toFixed(1)}`,
    `p99 ${quantile(ms, 0.99).toFixed(1)}`,
    `max ${Math.max(...ms).toFixed(0)}`,
  ].join('\n');

/** The most that a process had so far. */
const residentMb = (pid: number): number =>
  Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
