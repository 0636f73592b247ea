/**
 * What the script in Redis replies, in this process's terms. Whoever else writes there may have put in anything: what is no
 * finite number in its range is brought into it, and what is missing is taken for nothing.
 */

import type { Amount } from './amount.ts';
import { readLine } from './line.ts';
import type { Permit } from './permits.ts';
import { fieldsOf, listOf, parsed, textOf, within } from './reading.ts';
import { PRESENCE_MS } from './scripts/state.ts';
import type { Told } from './sliding-log.ts';
import {
  BLOCKS,
  type Block,
  type Blocked,
  budgetOf,
  type CallOutcome,
  type Line,
  sizeOf,
  type Turns,
  type WindowRules,
} from './window.ts';

/** What Redis knows of a call that it has granted: to be told when the call is over, as it was said. */
export interface Known {
  readonly spaced?: unknown;
  /** True: the first call of a cold window. */
  readonly probing?: unknown;
  /** What it may cost. */
  readonly tokens?: unknown;
  /** Permits that were held with it, by all, and their tokens. */
  readonly held?: unknown;
  readonly heldTokens?: unknown;
}

/** Another process that shares the window. */
export interface Peer {
  readonly process: string;
  readonly line: Line;
}

export interface Heard {
  /** And whose turn it is; undefined when nobody is known to wait. */
  readonly grants: readonly {
    readonly known: Known;
    readonly tokens: number;
    readonly client: string | undefined;
  }[];
  /** Why there were no more grants, if more were wanted. */
  readonly blocked: Blocked;
  readonly epoch: string;
  /** What is held, by all. */
  readonly held: Amount;
  /** How things are with all; undefined when that was not asked, and all that was wanted is granted. */
  readonly view: View | undefined;
}

export interface View {
  readonly peers: readonly Peer[];
  readonly turns: Turns;
  readonly told: Told;
}

/** No moment of which Redis tells lies further away than a window and so much more, milliseconds. */
const FAR_MS = 90_000;

/** More than any number of calls or tokens that is meant. */
const MOST = 2 ** 53;

/**
 * @param reply see scripts/exchange.ts
 * @param process this process
 * @param now monotonic milliseconds
 */
export const readReply = (reply: unknown, process: string, rules: WindowRules, now: number): Heard => {
  const [verdict = {}, log, turns = {}] = listOf(reply).map(parsed).map(fieldsOf);
  return {
    epoch: textOf(verdict.epoch),
    held: { calls: within(verdict.held, 0, MOST), tokens: within(verdict.heldTokens, 0, MOST) },
    grants: listOf(verdict.grants)
      .map(fieldsOf)
      .map(({ known, client }) => ({
        known: fieldsOf(known),
        tokens: within(fieldsOf(known).tokens, 0, MOST),
        client: client === undefined ? undefined : textOf(client),
      })),
    blocked: {
      retryInMs: within(verdict.waitMs, 0, rules.windowMs),
      // A reason that this release does not know.
      reason: BLOCKS.find((block): block is Block => block === verdict.reason) ?? 'cold',
    },
    view: log && viewOf(log, turns, within(verdict.now, 0, MOST), process, rules, now),
  };
};

type Fields = Readonly<Record<string, unknown>>;

/** @param at when Redis wrote this, by its clock */
const viewOf = (
  log: Fields,
  turns: Fields,
  at: number,
  process: string,
  rules: WindowRules,
  now: number,
): View => {
  const { windowMs, callTimeoutMs } = rules;
  const { spacingMs, evenMs } = budgetOf(rules);
  const farMs = windowMs + FAR_MS;
  const here = (moment: unknown): number => now - at + within(moment, at - farMs, at + farMs);
  const permitsOf = (groups: unknown, foreign = false): Permit[] =>
    listOf(groups)
      .map(listOf)
      .map(([release, calls, spaced, tokens]) => ({
        releaseAt: here(release),
        spaced: spaced === 1,
        calls: within(calls, 0, MOST),
        tokens: within(tokens, 0, MOST),
        ...(foreign ? { foreign } : undefined),
      }));
  const others = Object.entries(fieldsOf(log.processes))
    .filter(([name]) => name !== process)
    .map(([name, said]) => ({ process: name, ...fieldsOf(said) }) as Record<string, unknown> & Peer);
  const even = log.even !== undefined;
  const spacedBy = (tokens: unknown, ms: number): number => sizeOf(within(tokens, 0, MOST), rules) * ms;
  const next = even ? here(log.even) + spacedBy(log.evenTokens, evenMs) : here(log.probe) + callTimeoutMs;
  const quiet = here(log.quiet);
  return {
    peers: others
      .filter(({ at }) => here(at) >= now - PRESENCE_MS)
      .map(({ process, line }) => ({ process, line: readLine(line) })),
    turns: {
      virtualTime: within(turns.now, 0, MOST),
      tags: new Map(
        Object.entries(fieldsOf(turns.tags)).map(([client, tag]) => [client, within(tag, -MOST, MOST)]),
      ),
    },
    told: {
      permits: [...others.flatMap(({ permits }) => permitsOf(permits)), ...permitsOf(log.foreign, true)],
      nextSpaced: here(log.spaced) + spacedBy(log.spacedTokens, spacingMs),
      pausedUntil: here(log.pause),
      cold: { until: Math.max(quiet, here(log.cold) + windowMs), next: Math.max(quiet, next), even },
    },
  };
};

/** Whether others are to hear of a call's end at once: it may have told of calls that they do not know of, or of a pause. */
export const isNews = (
  { remaining, remainingTokens, pauseMs }: CallOutcome,
  known: Known | undefined,
  { limit, tokenLimit = 0 }: WindowRules,
): boolean => {
  const tellsMore = (left: number | undefined, of: number, held: unknown): boolean =>
    left !== undefined && of - left > within(held, 0, of);
  return (
    known?.probing === true ||
    pauseMs !== undefined ||
    tellsMore(remaining, limit, known?.held) ||
    tellsMore(remainingTokens, tokenLimit, known?.heldTokens)
  );
};
