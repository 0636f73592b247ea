/** The tables, and what has to be known to read them. */

import { cpus } from 'node:os';
import Table from 'cli-table3';
import type { GrowthFigures } from './growth.ts';
import type { HitFigures } from './hits.ts';
import type { MissFigures } from './misses.ts';

/** Figures of one bench at one size; a cell may have several lines. */
export interface Row {
  readonly bench: string;
  readonly size: string;
  /** What the gateway is held against. */
  readonly reference: string;
  readonly gateway: string;
  readonly compared: string;
}

export const tabulate = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  return table.toString();
};

const percent = (share: number): string => `${Math.round(100 * share)} %`;
const range = ([low, high]: readonly [number, number], digits = 2): string =>
  `${low.toFixed(digits)} – ${high.toFixed(digits)}`;

export const hitTable = (figures: readonly HitFigures[]): string =>
  tabulate(
    [
      'request',
      'hit',
      'requests/s',
      '× SHA-256',
      'quartiles',
      'p50, p99 ms',
      'CPU µs',
      '× by CPU',
      'generator',
    ],
    figures.map((row) => [
      row.size,
      row.contestant,
      Math.round(row.perSecond).toLocaleString('en'),
      row.ratio.toFixed(2),
      range(row.quartiles),
      `${row.p50.toFixed(2)}, ${row.p99.toFixed(2)}`,
      row.cpuUs.toFixed(0),
      row.cpuRatio.toFixed(2),
      percent(row.generatorBusy),
    ]),
  );

export const missTable = (figures: readonly MissFigures[]): string =>
  tabulate(
    ['request', 'call', 'directly, p50 ms', 'through, p50 ms', '× directly', 'quartiles', 'CPU ms'],
    figures.map((row) => [
      row.size,
      row.contestant,
      row.directMs.toFixed(2),
      row.throughMs.toFixed(2),
      row.ratio.toFixed(2),
      range(row.quartiles),
      row.cpuMs.toFixed(2),
    ]),
  );

export const growthTable = (figures: readonly GrowthFigures[]): string =>
  tabulate(
    ['pairs known', 'request', 'requests/s', `× ${figures[0]?.pairs.toLocaleString('en')}`, 'CPU µs'],
    figures.map((row) => [
      row.pairs.toLocaleString('en'),
      row.size,
      Math.round(row.perSecond).toLocaleString('en'),
      row.ratio.toFixed(2),
      row.cpuUs.toFixed(0),
    ]),
  );

/** The table that most benches share. */
export const comparison = (rows: readonly Row[]): string =>
  tabulate(
    ['bench', 'request', 'reference', 'gateway', 'compared'],
    rows.map(({ bench, size, reference, gateway, compared }) => [bench, size, reference, gateway, compared]),
  );

export const render = (tables: readonly string[], notes: readonly string[]): string =>
  [...tables, `Node ${process.version}, ${cpus().length} CPUs.`, ...notes].join('\n');
