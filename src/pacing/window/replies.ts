/**
 * What the scripts in Redis reply, in this process's terms. Whoever else writes there may have put in anything: what is no
 * finite number in its range is brought into it, and what is missing at the end is taken for nothing.
 */

import { clientOf, readLine } from './line.ts';
import { within } from './numbers.ts';
import type { ToldPlace } from './places.ts';
import { CALL } from './scripts/prelude/turns.ts';
import type { Told } from './sliding-log.ts';
import { budgetOf, type Line, type Turns, type WindowRules } from './window.ts';

export type Reply = (string | number | string[] | undefined)[];

/** Another process that shares the window. */
export interface Peer {
  readonly process: string;
  readonly line: Line;
}

export interface Heard {
  /** Places that all processes together hold. */
  readonly held: number;
  readonly peers: readonly Peer[];
  readonly turns: Turns;
}

/** More than any number of calls that is meant. */
const MOST_CALLS = 2 ** 53;

export const readHeard = ([held, others, turns]: Reply): Heard => {
  const [virtualTime, ...tags] = Array.isArray(turns) ? turns : [];
  return {
    held: within(Number(held), 0, MOST_CALLS),
    peers: pairs(others).map(([process, line]) => ({ process, line: readLine(line) })),
    turns: {
      virtualTime: within(Number(virtualTime), 0, MOST_CALLS) / CALL,
      tags: new Map(
        pairs(tags).map(([name, tag]) => [
          clientOf(name),
          within(Number(tag), -MOST_CALLS, MOST_CALLS) / CALL,
        ]),
      ),
    },
  };
};

/**
 * @param view all but held, the others and turns: see scripts/prelude/view.ts
 * @param here a moment of Redis' clock (µs) on that of this process (ms)
 */
export const readView = (view: Reply, here: (moment: unknown) => number, rules: WindowRules): Told => {
  const [lastSpaced, pausedUntil, coldSince, quietUntil, lastProbe, lastEven, ...rest] = view;
  const { limit, windowMs, callTimeoutMs } = rules;
  const [burst = [], spaced = [], foreign = [], strides = []] = listsOf(rest);
  const quiet = here(quietUntil);
  const foreignPlaces = pairs(foreign).map(([member, release]): ToldPlace => {
    return {
      id: member,
      releaseAt: here(release),
      calls: within(Number(member.split(':')[0]), 1, MOST_CALLS),
    };
  });
  const even = Number(lastEven) > 0;
  const next = even ? here(lastEven) + windowMs / limit : here(lastProbe) + callTimeoutMs;
  const cold = { until: here(coldSince) + windowMs, next: Math.max(quiet, next), even };
  return {
    burst: [...placesOf(burst, strides[0], here), ...foreignPlaces],
    spaced: placesOf(spaced, strides[1], here),
    nextSpaced: here(lastSpaced) + budgetOf(rules).spacingMs,
    pausedUntil: here(pausedUntil),
    cold,
  };
};

/** @param stride each stands for so many; then they are no particular process's */
const placesOf = (list: Reply, stride: unknown, here: (moment: unknown) => number): ToldPlace[] => {
  const calls = within(Number(stride), 1, MOST_CALLS);
  return pairs(list).map(([id, release]) => ({
    id: calls > 1 ? undefined : id,
    releaseAt: here(release),
    calls,
  }));
};

/** The lists of which each ends with an empty string, and what comes after the last one. */
const listsOf = (flat: Reply): Reply[] => {
  const lists: Reply[] = [[]];
  for (const value of flat) {
    if (value === '') lists.push([]);
    else lists.at(-1)!.push(value);
  }
  return lists;
};

const pairs = (list: unknown): [string, string][] => {
  const flat = Array.isArray(list) ? list.map(String) : [];
  return Array.from({ length: Math.floor(flat.length / 2) }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
};
