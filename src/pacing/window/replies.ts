/** What the scripts in Redis reply, in this process's terms. */

import { clientOf, readLine } from './line.ts';
import { CALL } from './scripts/admit.ts';
import type { Line, Turns } from './window.ts';
import type { Place, Told } from './window-view.ts';

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

export const readHeard = ([held, others, turns]: Reply): Heard => {
  const [virtualTime, ...tags] = turns as string[];
  return {
    held: Number(held),
    peers: pairs(others).map(([process, line]) => ({ process, line: readLine(line) })),
    turns: {
      virtualTime: Number(virtualTime) / CALL,
      tags: new Map(pairs(tags).map(([name, tag]) => [clientOf(name), Number(tag) / CALL])),
    },
  };
};

/**
 * @param view all but held, the others and turns: see VIEW in scripts/prelude.ts
 * @param here a moment of Redis' clock (µs) on that of this process (ms)
 */
export const readView = (view: Reply, here: (moment: unknown) => number): Told => {
  const [nextSpaced, pausedUntil, coldUntil, quietUntil, nextProbe, nextEven, ...lists] = view;
  const end = lists.indexOf('');
  const places = new Map<string, Place>();
  const enter = (spaced: boolean, list: Reply): void => {
    for (const [id, release] of pairs(list)) places.set(id, { spaced, releaseAt: here(release) });
  };
  enter(false, lists.slice(0, end));
  enter(true, lists.slice(end + 1, -1));
  const cold = {
    until: here(coldUntil),
    quietUntil: here(quietUntil),
    reuse: 0,
    nextProbe: here(nextProbe),
    nextEven: nextEven === '0' ? undefined : here(nextEven),
  };
  return { places, nextSpaced: here(nextSpaced), pausedUntil: here(pausedUntil), cold };
};

const pairs = (list: unknown): [string, string][] => {
  const flat = (list as unknown[]).map(String);
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
};
