/**
 * What the script in Redis replies, in this process's terms. Keys carry the version of the protocol and values a seal, so all of
 * it was written by a release that means the same; only what others say of their queues is read with care, see line.ts.
 */

import type { Amount, Known } from './amount.ts';
import { readLine } from './line.ts';
import type { Permit } from './permits.ts';
import { listOf } from './reading.ts';
import { PRESENCE_MS } from './scripts/state.ts';
import type { Told } from './sliding-log.ts';
import {
  type Block,
  type Blocked,
  budgetOf,
  type Line,
  sizeOf,
  type Turns,
  type WindowRules,
} from './window.ts';

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

/** What scripts/exchange.ts replies. It writes an empty list as `{}`. */
interface Verdict {
  readonly epoch: string;
  readonly held: Amount;
  readonly grants: readonly SharedGrant[];
  readonly reason?: Block;
  readonly waitMs: number;
}

type Group = readonly [release: number, calls: number, spaced: 0 | 1, tokens?: number];

/** A call of which later ones depend. */
interface Last {
  readonly at: number;
  readonly tokens: number;
}

/** See scripts/state.ts. Moments are milliseconds since its beginning. */
interface Log {
  readonly at: number;
  readonly processes: Readonly<Record<string, { at: number; line: unknown; permits: readonly Group[] }>>;
  readonly foreign: readonly Group[];
  readonly pause?: number;
  readonly quiet?: number;
  readonly spaced?: Last;
  readonly cold?: { readonly since: number; readonly probe?: number; readonly even?: Last };
}

interface StoredTurns {
  readonly now: number;
  readonly tags: Readonly<Record<string, number>>;
}

/**
 * @param process this process
 * @param now monotonic milliseconds
 * @throws when it is no reply of the script's
 */
export const readReply = (reply: unknown, process: string, rules: WindowRules, now: number): Heard => {
  const [verdict, log, turns] = listOf(reply).map((text) => JSON.parse(String(text))) as [
    Verdict?,
    Log?,
    StoredTurns?,
  ];
  if (typeof verdict?.waitMs !== 'number') throw new TypeError('Not a reply of the script');
  return {
    grants: listOf<SharedGrant>(verdict.grants),
    blocked: { retryInMs: verdict.waitMs, reason: verdict.reason ?? 'cold' },
    epoch: verdict.epoch,
    held: verdict.held,
    view: log && turns && viewOf(log, turns, process, rules, now),
  };
};

const viewOf = (log: Log, turns: StoredTurns, process: string, rules: WindowRules, now: number): View => {
  const { windowMs, callTimeoutMs } = rules;
  /** What was never is long ago. */
  const here = (moment = 0): number => now - log.at + moment;
  const { spacingMs, evenMs } = budgetOf(rules);
  const permitsOf = (groups: readonly Group[], foreign: boolean): Permit[] =>
    listOf<Group>(groups).map(([release, calls, spaced, tokens = 0]) => ({
      releaseAt: here(release),
      spaced: spaced === 1,
      calls,
      tokens,
      foreign,
    }));
  const after = ({ at, tokens }: Last, ms: number): number => here(at) + sizeOf(tokens, rules) * ms;
  const others = Object.entries(log.processes).filter(([name]) => name !== process);
  const present = others.filter(([, { at }]) => at >= log.at - PRESENCE_MS);
  const { quiet, spaced, cold } = log;
  const first = cold?.probe === undefined ? here() : here(cold.probe) + callTimeoutMs;
  return {
    peers: new Map(present.map(([name, { line }]) => [name, readLine(line)])),
    turns: { virtualTime: turns.now, tags: new Map(Object.entries(turns.tags)) },
    told: {
      permits: [
        ...others.flatMap(([, { permits }]) => permitsOf(permits, false)),
        ...permitsOf(log.foreign, true),
      ],
      nextSpaced: spaced ? after(spaced, spacingMs) : here(),
      pausedUntil: here(log.pause),
      cold: {
        until: Math.max(here(quiet), cold ? here(cold.since) + windowMs : 0),
        next: Math.max(here(quiet), cold?.even ? after(cold.even, evenMs) : first),
        even: cold?.even !== undefined,
      },
    },
  };
};
