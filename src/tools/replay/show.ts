/** Tables and a progress bar, on a terminal or in a file. */

import { SingleBar } from 'cli-progress';
import CliTable from 'cli-table3';
import type { Progress } from './replay.ts';
import type { Table } from './report.ts';

/** Without colours, since the output may go to a file. */
export const render = ([head = [], ...rows]: Table): string => {
  const table = new CliTable({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
};

export interface ProgressBar {
  update(progress: Progress): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere it prints nothing. */
export const progressBar = (total: number, stream: NodeJS.WriteStream): ProgressBar => {
  if (!stream.isTTY) return { update() {}, stop() {} };
  const bar = new SingleBar({
    format: '[{bar}] {value}/{total} | {waiting} waiting | {wrong} wrong | {duration_formatted}',
    stream,
    hideCursor: true,
    // Ctrl-C is handled elsewhere: the table is printed after it.
    gracefulExit: false,
  });
  bar.start(total, 0, { waiting: 0, wrong: 0 });
  return {
    update: ({ finished, ...rest }) => bar.update(finished, rest),
    stop: () => bar.stop(),
  };
};
