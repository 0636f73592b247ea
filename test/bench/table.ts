/** The tables, and what has to be known to read them. */

import { cpus } from 'node:os';
import Table from 'cli-table3';

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

/** The table that most benches share. */
export const comparison = (rows: readonly Row[]): string =>
  tabulate(
    ['bench', 'request', 'reference', 'gateway', 'compared'],
    rows.map(({ bench, size, reference, gateway, compared }) => [bench, size, reference, gateway, compared]),
  );

export const render = (tables: readonly string[], notes: readonly string[]): string =>
  [...tables, `Node ${process.version}, ${cpus().length} CPUs.`, ...notes].join('\n');
