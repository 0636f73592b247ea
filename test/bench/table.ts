/** The one table, and what has to be known to read it. */

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

export const render = (rows: readonly Row[], notes: readonly string[]): string => {
  const table = new Table({
    head: ['bench', 'request', 'reference', 'gateway', 'compared'],
    style: { head: [], border: [] },
  });
  for (const { bench, size, reference, gateway, compared } of rows) {
    table.push([bench, size, reference, gateway, compared]);
  }
  return [table.toString(), `Node ${process.version}, ${cpus().length} CPUs.`, ...notes].join('\n');
};
