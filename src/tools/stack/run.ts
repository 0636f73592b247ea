/** A stack from the command line to the exit code. */

import type { ReplayRequest } from '../replay/corpus.ts';
import { LIMITS } from '../replay/expected.ts';
import { readCorpus } from '../replay/folder.ts';
import { CorpusError } from '../replay/lines.ts';
import { replay } from '../replay/replay.ts';
import { OUTCOMES } from '../replay/tally.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { greeting, VISITOR } from './greeting.ts';
import { MADE_UP_CLIENTS, madeUpLoad } from './made-up-load.ts';
import { HELP, parseOptions, UsageError } from './options.ts';
import { findPrograms, MissingProgram } from './program.ts';

export interface Surroundings {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (line: string) => void;
  /** Prints lines that are not part of the result. */
  readonly note: (line: string) => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The source of the requests, which are sent round after round. */
interface Load {
  readonly clients: readonly string[];
  readonly round: (number: number) => readonly ReplayRequest[];
}

export const run = async ({ args, env, out, note, signal }: Surroundings): Promise<number> => {
  try {
    const options = parseOptions(args);
    if (options === 'help') {
      out(HELP);
      return 0;
    }
    const programs = findPrograms(env.PATH ?? '');
    const load = await loadOf(options.folder);
    const fleet = await startFleet({
      programs,
      clients: [...load.clients, VISITOR],
      env,
      onError: note,
    });
    try {
      for (const line of greeting(fleet)) out(line);
      return await play(load, fleet, { out, note, signal });
    } finally {
      await fleet.stop();
    }
  } catch (thrown) {
    if (
      !(thrown instanceof UsageError || thrown instanceof CorpusError || thrown instanceof MissingProgram)
    ) {
      throw thrown;
    }
    note(`stack: ${thrown.message}`);
    if (thrown instanceof UsageError) note(`\n${HELP}`);
    return 2;
  }
};

const loadOf = async (folder: string | undefined): Promise<Load> => {
  if (folder === undefined) {
    return { clients: MADE_UP_CLIENTS, round: (number) => madeUpLoad(number, Math.random) };
  }
  const requests = await readCorpus(folder, Object.keys(LIMITS));
  return { clients: [...new Set(requests.map(({ client }) => client))], round: () => requests };
};

const play = async (
  load: Load,
  { target, died: death }: Fleet,
  { out, note, signal }: Pick<Surroundings, 'out' | 'note' | 'signal'>,
): Promise<number> => {
  const over = new AbortController();
  let died: string | undefined;
  void death.then((what) => {
    died = what;
    over.abort();
  });
  const end = AbortSignal.any([signal, over.signal]);
  for (let round = 1; !end.aborted; round++) {
    const requests = load.round(round);
    const { tally, punctual } = await replay({
      requests,
      speed: 1,
      target,
      signal: end,
      onProgress: () => {},
    });
    const { outcomes, kinds, requests: finished } = tally.figures();
    const counts = OUTCOMES.filter((outcome) => outcomes[outcome] > 0).map(
      (outcome) => `${outcome} ${outcomes[outcome]}`,
    );
    const why = [...kinds].map(([kind, count]) => `${kind} ${count}`);
    out(
      `round ${round}: ${finished} requests: ${counts.join(', ')}${why.length > 0 ? ` (${why.join(', ')})` : ''}`,
    );
    if (punctual.isLate)
      out(`  sent up to ${Math.round(punctual.lateMs.most)} ms late: this machine is busy`);
  }
  if (died === undefined) return 0;
  note(died);
  return 1;
};
