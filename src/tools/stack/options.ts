/** The command line → options of a stack, or what is wrong with it. Pure. */

import { parseArgs } from 'node:util';

export interface StackOptions {
  /** The folder of the corpus; undefined: a made-up load. */
  readonly folder: string | undefined;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const HELP = `Usage: npm run stack [-- DIR]

Starts Redis, two gateways, a simulator of Heroku Inference and Prometheus on this machine, and sends them requests
until Ctrl-C: those of DIR/trace.jsonl at their times, over and over (DIR also holds documents.jsonl and queries.jsonl),
or without DIR made-up ones. It needs the programs redis-server and prometheus, and nothing of it stays.

Exit code: 0 when ended by Ctrl-C; 1 when one of them ended by itself; 2 when the command line or the corpus is wrong, or a
program is missing.
`;

export const parseOptions = (args: readonly string[]): StackOptions | 'help' => {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  if (positionals.length > 1) throw new UsageError('takes one DIR with the corpus, or none');
  return { folder: positionals[0] };
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
};
