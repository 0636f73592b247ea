/** Scrapes fleets of several sizes, and renders the own registry alone in between. Prints milliseconds, by size. */

import { Redis } from 'ioredis';
import { familiesOf } from '../../../src/metrics/families.ts';
import { FleetMetrics } from '../../../src/metrics/fleet.ts';
import { Recorder } from '../../../src/metrics/recorder.ts';
import { createMetrics, type Metrics } from '../../../src/metrics/registry.ts';
import { Commands } from '../../../src/redis/commands.ts';

export interface ScrapeFigures {
  readonly dynos: number;
  /** Series of one dyno. */
  readonly series: number;
  /** Milliseconds of the same moment: the own registry alone, and the whole fleet. */
  readonly pairs: readonly { readonly own: number; readonly fleet: number }[];
}

/** Longer than all of it takes, milliseconds. */
const LONG_MS = 600_000;

const [url = '', repeat = '1', ...sizes] = process.argv.slice(2);

const CLIENTS = ['search', 'chatbot', 'evaluation', 'indexer', 'support', 'batch'];
const MODELS = ['cohere-rerank-3-5', 'amazon-rerank-1-0'];
const OUTCOMES = ['hit', 'partial', 'miss', 'stale', 'bypass', 'rejected', 'invalid', 'error'];

/** A registry as it is after some work, in which every kind of series exists. */
const worked = (dyno: string): Metrics => {
  const metrics = createMetrics({ dyno, version: 'bench' });
  const attachments = ['RERANK', 'RERANK_EU'];
  const recorder = new Recorder({ metrics, clients: CLIENTS, models: MODELS, attachments });
  for (const model of MODELS) {
    for (const outcome of OUTCOMES) {
      for (let i = 0; i < 50; i++) {
        const durationMs = 2 ** (i % 12) * 1.37;
        recorder.request({ client: 'search', model, outcome, status: 200, durationMs, documents: i + 1 });
      }
    }
    for (const attachment of attachments) {
      recorder.upstreamCall({ client: 'search', attachment, model, code: '200', ms: 123.4, spent: 1 });
    }
    recorder.queueWait(model, 12.3, 'full');
  }
  for (const op of ['get', 'set', 'quota', 'metrics']) recorder.redisCommand(op, undefined, 0.4);
  return metrics;
};

const timed = async (work: () => Promise<string>): Promise<{ ms: number; text: string }> => {
  const started = performance.now();
  const text = await work();
  return { ms: performance.now() - started, text };
};

const seriesOf = (text: string): number => text.split('\n').filter((line) => /^\w/.test(line)).length;

const dynosOf = (text: string): number => text.match(/^gateway_build_info\{/gm)?.length ?? 0;

const figures: ScrapeFigures[] = [];
for (const dynos of sizes.map(Number)) {
  const clients: Redis[] = [];
  const fleet: FleetMetrics[] = [];
  let own = async (): Promise<string> => '';
  for (let i = dynos; i >= 1; i--) {
    const client = new Redis(url);
    clients.push(client);
    await client.ping();
    const { registry } = worked(`web.${i}`);
    own = () => registry.metrics();
    fleet.push(
      new FleetMetrics({
        commands: new Commands({ client }),
        prefix: `${dynos}:`,
        dyno: `web.${i}`,
        own: () => familiesOf(registry),
        onSkipped: () => {},
        // The others are heard of once: their heartbeats, too, would be this process' work.
        heartbeatMs: LONG_MS,
        freshMs: LONG_MS,
      }),
    );
  }
  const asked = fleet.at(-1)!;
  const series = seriesOf(await own());
  const pairs: { own: number; fleet: number }[] = [];
  // The first ones wait for every dyno's first heartbeat, and for the compiler.
  for (let i = -Math.ceil(Number(repeat) / 4); i < Number(repeat); i++) {
    const whole = await timed(() => asked.render());
    const alone = await timed(own);
    if (i < 0) continue;
    if (dynosOf(whole.text) !== dynos) throw new Error(`not all of ${dynos} dynos were told of`);
    pairs.push({ own: alone.ms, fleet: whole.ms });
  }
  figures.push({ dynos, series, pairs });
  for (const metrics of fleet) await metrics.stop();
  for (const client of clients) client.disconnect();
}
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);
