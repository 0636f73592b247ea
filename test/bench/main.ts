/** `npm run bench -- [--quick] [SECTION]...`: exit code 1 when something is broken, never when it is slow. */

import { BODIES_NOTE, bodies } from './bodies.ts';
import { BURST_NOTE, burst } from './burst.ts';
import { CONNECTIONS, hits } from './hits.ts';
import { memory } from './memory.ts';
import { metrics } from './metrics.ts';
import { misses } from './misses.ts';
import { type BenchOptions, readOptions, type Section } from './options.ts';
import { PACING_NOTE, pacing } from './pacing.ts';
import { pairs } from './pairs.ts';
import { type Stage, startStage } from './stage.ts';
import { comparison, type Row, render } from './table.ts';

const NOTES: Readonly<Record<Section, string>> = {
  hits:
    `hits: ${CONNECTIONS} kept connections in a closed loop. Reference: a bare node:http server that hashes the body and ` +
    'writes a ready answer of the same size. Compared: requests/s, gateway ÷ reference; alone: one request at a time, milliseconds. Where the generator is busy ' +
    'near 100 % with the reference, the reference could do more, and the gateway is flattered.',
  misses: 'misses: one call at a time, simulator without latency. Compared: what the gateway adds.',
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
  pacing: PACING_NOTE,
};

const GENERAL =
  'Figures are medians of interleaved runs, with quartiles below; only ratios within a run mean anything. ' +
  'The gateway is compiled, runs as in production, and logs to the null device.';

const QUICK = 'A quick run, on cold compilers: it shows that everything works, and its figures mean nothing.';

/** @returns tables */
const run = async ({ sections, effort }: BenchOptions): Promise<string[]> => {
  const rows: Row[] = [];
  const collect = async (part: AsyncGenerator<Row>): Promise<void> => {
    for await (const row of part) {
      rows.push(row);
      process.stderr.write(`${row.bench}, ${row.size}: done\n`);
    }
  };
  const onStage = async (stage: Stage): Promise<void> => {
    if (sections.includes('hits')) await collect(hits(stage, effort));
    if (sections.includes('misses')) await collect(misses(stage, effort));
  };

  if (sections.includes('hits') || sections.includes('misses')) {
    const stage = await startStage();
    try {
      await onStage(stage);
    } finally {
      await stage.stop();
    }
  }
  if (sections.includes('memory')) await collect(memory());
  if (sections.includes('metrics')) await collect(metrics(effort));
  if (sections.includes('pairs')) await collect(pairs(effort));
  if (sections.includes('burst')) await collect(burst(effort));
  const tables = rows.length > 0 ? [comparison(rows)] : [];
  if (sections.includes('bodies')) tables.push(await bodies(effort));
  if (sections.includes('pacing')) tables.push(await pacing(effort));
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
