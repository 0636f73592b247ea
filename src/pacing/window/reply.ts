/**
 * What the script in Redis replies, in this process's terms. Keys carry the version of the protocol and values a seal, so all of
 * it was written by a release that means the same; only what others say of their queues is read with care, see line.ts. An
 * empty list comes as `{}`.
 */

import type { Amount, Known } from './amount.ts';
import { listOf, readLine } from './line.ts';
import type { Permit } from './permits.ts';
import type { Cold } from './rule.ts';
import { PRESENCE_MS } from './scripts/state.ts';
import type { Told } from './sliding-log.ts';
import type { Blocked, Line, Turns } from './window.ts';

/** A call that Redis has granted, and what it knows of it: to be told when the call is over, as it was said. */
export interface SharedGrant extends Known {
  readonly epoch: string;
  /** Whose turn it is; undefined when nobody is known to wait. */
  readonly client?: string;
  /** What it may cost. */
  readonly tokens: number;
  readonly spaced: boolean;
  /** The first call of a cold window. */
  readonly probing: boolean;
}

export interface Heard {
  readonly grants: readonly SharedGrant[];
  /** Why there were no more grants, if more were wanted. */
  readonly blocked: Blocked;
  /** Another one: Redis has forgotten the window. */
  readonly epoch: string;
  /** What is held, by all, as far as Redis knows. */
  readonly held: Amount;
  /** How things are with all; undefined when that was not asked, and all that was wanted is granted. */
  readonly view: View | undefined;
}

export interface View {
  /** What waits in each of the other processes that share the window. */
  readonly peers: ReadonlyMap<string, Line>;
  readonly turns: Turns;
  readonly told: Told;
}

/** See scripts/exchange.ts. Moments are milliseconds since the beginning of the log. */
type Verdict = Omit<Heard, 'view'> & Omit<Told, 'permits' | 'cold'> & { readonly cold: Cold };

type Group = readonly [release: number, calls: number, spaced: 0 | 1, tokens?: number];

/** See scripts/state.ts. */
interface Log {
  readonly at: number;
  readonly processes: Readonly<Record<string, { at: number; line: unknown; permits: readonly Group[] }>>;
  readonly foreign: readonly Group[];
}

/**
 * @param process this process
 * @param now monotonic milliseconds
 * @throws when it is no reply of the script's
 */
export const readReply = (reply: unknown, process: string, now: number): Heard => {
  const [verdict, log, turns] = listOf(reply).map((text) => JSON.parse(String(text)));
  if (typeof verdict?.epoch !== 'string') throw new TypeError('Not a reply of the script');
  const { grants, blocked, epoch, held } = verdict as Verdict;
  const view = log && {
    ...viewOf(verdict, log, process, now),
    turns: { virtualTime: turns.now, tags: new Map(Object.entries(turns.tags)) },
  };
  return { grants: listOf(grants), blocked, epoch, held, view };
};

const viewOf = (
  { nextSpaced, pausedUntil, cold }: Verdict,
  { at: writtenAt, processes, foreign }: Log,
  process: string,
  now: number,
): Omit<View, 'turns'> => {
  const here = (moment: number): number => now - writtenAt + moment;
  const permitsOf = (groups: readonly Group[], foreign = false): Permit[] =>
    listOf<Group>(groups).map(([release, calls, spaced, tokens = 0]) => ({
      releaseAt: here(release),
      spaced: spaced === 1,
      calls,
      tokens,
      foreign,
    }));
  const others = Object.entries(processes).filter(([name]) => name !== process);
  const present = others.filter(([, { at }]) => at >= writtenAt - PRESENCE_MS);
  return {
    peers: new Map(present.map(([name, { line }]) => [name, readLine(line)])),
    told: {
      permits: [...others.flatMap(([, { permits }]) => permitsOf(permits)), ...permitsOf(foreign, true)],
      nextSpaced: here(nextSpaced),
      pausedUntil: here(pausedUntil),
      cold: { ...cold, until: here(cold.until), next: here(cold.next) },
    },
  };
};
