/** What the command line asks for. */

import { parseArgs } from 'node:util';

export const SECTIONS = [
  'hits',
  'misses',
  'growth',
  'memory',
  'pairs',
  'metrics',
  'bodies',
  'burst',
  'console',
  'pacing',
  'ingest',
] as const;
export type Section = (typeof SECTIONS)[number];

export interface BenchOptions {
  readonly sections: readonly Section[];
  readonly effort: Effort;
  /** Too short for any figure to mean much: a check that everything still runs. */
  readonly quick: boolean;
  /** File that the figures go to, as JSON. */
  readonly json?: string | undefined;
  /** Revision of the gateway that takes part in hits and misses. */
  readonly compare?: string | undefined;
  /** Folder of a corpus whose documents are ingested; without it they are made up. */
  readonly corpus?: string | undefined;
}

/** How long to look; the same code either way. */
export interface Effort {
  /** Pairs of rounds, one against each server. */
  readonly pairs: number;
  /** Milliseconds of one round of load. */
  readonly roundMs: number;
  /** Milliseconds of load before the first round, for connections, compilers and caches to warm up. */
  readonly warmUpMs: number;
  /** Distinct requests that each connection repeats. */
  readonly requestsPerConnection: number;
  /** Calls compared in the misses, each once direct and once through the gateway. */
  readonly missPairs: number;
  /** Small misses of each gateway before the first of them. */
  readonly missWarmUp: number;
  /** The most (query, document) pairs that a process knows whose hits are looked at. */
  readonly mostPairs: number;
  /** Scrapes of each fleet. */
  readonly scrapes: number;
  /** (query, document) pairs that are put into the caches, to see what they take there. */
  readonly cachedPairs: number;
  /** Milliseconds of each load of large bodies. */
  readonly bodiesMs: number;
  /** Calls that come all at once. */
  readonly burstCalls: number;
  /** Milliseconds of the upstream's window in the pacing. A multiple of 5000, in which bottleneck counts. */
  readonly paceWindowMs: number;
  /** Documents that are made up for the ingest. */
  readonly ingestDocuments: number;
}

const FULL: Effort = {
  pairs: 9,
  roundMs: 700,
  warmUpMs: 1500,
  requestsPerConnection: 2,
  missPairs: 300,
  missWarmUp: 400,
  mostPairs: 1_000_000,
  scrapes: 200,
  cachedPairs: 100_000,
  bodiesMs: 15_000,
  burstCalls: 1200,
  paceWindowMs: 60_000,
  ingestDocuments: 1400,
};
const QUICK: Effort = {
  pairs: 2,
  roundMs: 100,
  warmUpMs: 100,
  requestsPerConnection: 1,
  missPairs: 6,
  missWarmUp: 5,
  mostPairs: 10_000,
  scrapes: 8,
  cachedPairs: 2000,
  bodiesMs: 1000,
  burstCalls: 400,
  paceWindowMs: 5000,
  ingestDocuments: 60,
};

export const USAGE = `npm run bench -- [--short] [--json FILE] [--compare REV] [--corpus DIR] [${SECTIONS.join(' | ')}]...`;

const isSection = (name: string): name is Section => (SECTIONS as readonly string[]).includes(name);

/** Throws, with the usage as its message, on what it does not know. */
export const readOptions = (args: readonly string[]): BenchOptions => {
  const { values, positionals } = parse(args);
  const sections = positionals.filter(isSection);
  const quick = values.quick || values.short;
  if (sections.length < positionals.length) throw new Error(USAGE);
  return {
    sections: sections.length > 0 ? SECTIONS.filter((name) => sections.includes(name)) : SECTIONS,
    effort: quick ? QUICK : FULL,
    quick,
    json: values.json,
    compare: values.compare,
    corpus: values.corpus,
  };
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        short: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        compare: { type: 'string' },
        corpus: { type: 'string' },
      },
      allowPositionals: true,
    });
  } catch {
    throw new Error(USAGE);
  }
};
