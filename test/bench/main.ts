/** `npm run bench -- [OPTION]... [SECTION]...`: exit code 1 when something is broken, never when it is slow. */

import { writeFileSync } from 'node:fs';
import { BODIES_NOTE, bodies } from './bodies.ts';
import { BURST_NOTE, burst } from './burst.ts';
import { CONSOLE_NOTE, watched } from './console.ts';
import { CONNECTIONS } from './hits.ts';
import { INGEST_NOTE, ingest } from './ingest.ts';
import { memory } from './memory.ts';
import { metrics } from './metrics.ts';
import { type BenchOptions, readOptions, type Section } from './options.ts';
import { PACING_NOTE, pacing } from './pacing.ts';
import { pairs } from './pairs.ts';
import { speed } from './speed.ts';
import { comparison, growthTable, hitTable, missTable, type Row, render } from './table.ts';

const NOTES: Readonly<Record<Section, string>> = {
  hits:
    `hits: ${CONNECTIONS} kept connections in a closed loop. × SHA-256: requests/s ÷ those of a bare node:http server that reads the body, makes ` +
    'a SHA-256 of it and writes a ready answer of the same size, in the same round; × by CPU: the same by processor time a request, ' +
    'which counts where the generator is busy near 100 %. Permuted: the same question, no two bodies equal. ' +
    'Peers, which know the very same bytes only: the easy version of this gateway (test/bench/processes/easy.ts), and nginx where ' +
    'it is installed with its Lua module.',
  misses: 'misses: one call at a time, simulator without latency, with Redis. CPU: of the gateway, a miss.',
  growth: 'growth: permuted hits of processes that know so many pairs.',
  memory:
    'memory: a store full to its bound. Compared: bytes taken ÷ bytes counted. The heap includes array buffers; ' +
    'resident memory also what the engine and the allocator need for them.',
  metrics:
    'metrics: the dyno that is asked tells of so many, each with so many series. Compared: fleet ÷ own registry ' +
    'alone, and what it adds: packing, one round trip to Redis, unpacking and merging.',
  pairs:
    'pairs: bytes that a cached (query, document) pair takes after so many questions × documents, nothing of which was ' +
    'known; the second of two such batches. Memory: growth of the heap, and what the gateway counts for it. Redis: growth ' +
    'of used_memory, and of MEMORY USAGE over all keys. Compared: bytes a pair ÷ 8.',
  bodies: BODIES_NOTE,
  burst: BURST_NOTE,
  console: CONSOLE_NOTE,
  pacing: PACING_NOTE,
  ingest: INGEST_NOTE,
};

const GENERAL =
  'Figures are medians of interleaved runs, with quartiles below; only ratios within a run mean anything. ' +
  'The gateway is compiled, runs as in production, and logs to the null device.';

const QUICK = 'A quick run, on cold compilers: it shows that everything works, and its figures mean nothing.';

/** @returns tables */
const run = async (options: BenchOptions): Promise<string[]> => {
  const { sections, effort, compare, json } = options;
  const rows: Row[] = [];
  const collect = async (part: AsyncGenerator<Row>): Promise<void> => {
    for await (const row of part) {
      rows.push(row);
      process.stderr.write(`${row.bench}, ${row.size}: done\n`);
    }
  };
  const figures = await speed(sections, effort, compare);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(figures, undefined, 2)}\n`);
  if (sections.includes('memory')) await collect(memory());
  if (sections.includes('metrics')) await collect(metrics(effort));
  if (sections.includes('pairs')) await collect(pairs(effort));
  if (sections.includes('burst')) await collect(burst(effort));
  if (sections.includes('console')) await collect(watched(effort));
  const tables: string[] = [];
  if (figures.hits.length > 0) tables.push(hitTable(figures.hits));
  if (figures.misses.length > 0) tables.push(missTable(figures.misses));
  if (figures.growth.length > 0) tables.push(growthTable(figures.growth));
  if (rows.length > 0) tables.push(comparison(rows));
  if (sections.includes('bodies')) tables.push(await bodies(effort));
  if (sections.includes('pacing')) tables.push(await pacing(effort));
  if (sections.includes('ingest')) tables.push(await ingest(options));
  return tables;
};

/** Twice what a full run takes. Whatever hangs by then is broken. */
const GIVE_UP_MS = 1_000_000;

setTimeout(() => {
  console.error(`gave up after ${GIVE_UP_MS / 1000} s`);
  process.exit(1);
}, GIVE_UP_MS).unref();

// Children end with this process, whatever ends it; exit handlers only run when it is ended by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  const options = readOptions(process.argv.slice(2));
  const tables = await run(options);
  const notes = [options.quick ? QUICK : GENERAL, ...options.sections.map((section) => NOTES[section])];
  console.log(render(tables, notes));
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exit(1);
}
