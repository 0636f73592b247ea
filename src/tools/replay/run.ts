/** One replay from the command line to the exit code. */

import type { ReplayRequest } from './corpus.ts';
import { LIMITS } from './expected.ts';
import { readCorpus } from './folder.ts';
import { HELP } from './help.ts';
import { withoutKey } from './keys.ts';
import { CorpusError } from './lines.ts';
import { comparisonLines, modelTable } from './model-report.ts';
import { type Options, parseOptions, UsageError } from './options.ts';
import { replay } from './replay.ts';
import { clientTable, closingLines, exitCode } from './report.ts';
import { progressBar, render } from './show.ts';
import { startOwn } from './target/own.ts';
import { useRunning } from './target/running.ts';
import type { Target } from './target/target.ts';

export interface Surroundings {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (line: string) => void;
  /** What is no result. */
  readonly note: (line: string) => void;
  /** Where a progress bar may be. */
  readonly terminal: NodeJS.WriteStream;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export const run = async (surroundings: Surroundings): Promise<number> => {
  const { args, env, out, note } = surroundings;
  try {
    const options = parseOptions(args, env);
    if (options === 'help') {
      out(HELP);
      return 0;
    }
    const requests = await load(options);
    return await replayAndReport(options, requests, surroundings);
  } catch (thrown) {
    if (!(thrown instanceof UsageError || thrown instanceof CorpusError)) throw thrown;
    note(`replay: ${thrown.message}`);
    if (thrown instanceof UsageError) note(`\n${HELP}`);
    return 2;
  }
};

const load = async ({ folder, limit, target }: Options): Promise<ReplayRequest[]> => {
  const models = target.kind === 'own' ? Object.keys(LIMITS) : undefined;
  const requests = (await readCorpus(folder, models)).slice(0, limit);
  if (target.kind === 'running') {
    const [client] = withoutKey(new Set(requests.map((request) => request.client)), target.keys);
    if (client !== undefined) throw new UsageError(`there is no key for the client ${client}`);
  }
  return requests;
};

const replayAndReport = async (
  { speed, target: wanted }: Options,
  requests: readonly ReplayRequest[],
  { env, out, note, terminal, signal }: Surroundings,
): Promise<number> => {
  const clients = [...new Set(requests.map(({ client }) => client))];
  const target: Target =
    wanted.kind === 'own'
      ? await startOwn({ ...wanted, clients, speed, env, onError: note })
      : await useRunning(wanted);
  const over = new AbortController();
  let died: string | undefined;
  void target.died.then((what) => {
    died = what;
    over.abort();
  });
  try {
    note(`replaying ${requests.length} requests at speed ${speed} through ${target.urls.join(', ')}`);
    const bar = progressBar(requests.length, terminal);
    const replayed = await replay({
      requests,
      speed,
      target,
      signal: AbortSignal.any([signal, over.signal]),
      onProgress: bar.update,
    }).finally(bar.stop);
    if (died !== undefined) note(died);
    out(render(clientTable(replayed)));
    const facts = { ...replayed, granularity: target.own?.granularity };
    out(render(modelTable(facts)));
    for (const line of comparisonLines(facts)) out(line);
    for (const line of closingLines(replayed, requests.length)) out(line);
    return exitCode(replayed, requests.length);
  } finally {
    await target.stop();
  }
};
