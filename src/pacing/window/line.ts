/** How processes tell one another what waits in each: as text, which the scripts in Redis read, too. */

import { within } from './numbers.ts';
import { HORIZON_MS } from './schedule.ts';
import { type Line, MOST_AT_ONCE, type Waiting } from './window.ts';

/** What the configuration allows: weights, and calls that may wait. */
const [LEAST_WEIGHT, MOST_WEIGHT] = [0.001, 1000];
const MOST_CALLS = 1_000_000;
/** A call that goes first, and the least urgent that a caller can ask for. */
const [FIRST_URGENCY, LAST_URGENCY] = [-1, 7];

export interface LineOptions {
  /** What waits, client by client, each in the order in which it is due; also clients that may bring calls. */
  readonly waiting: ReadonlyMap<string, readonly { readonly urgency: number; readonly since: number }[]>;
  /** @see Waiting */
  readonly arrived: (client: string) => number;
  readonly weightOf: (client: string) => number;
}

export const lineOf = ({ waiting, arrived, weightOf }: LineOptions, now: number): Line =>
  [...waiting]
    .map(
      ([client, calls]): Waiting => ({
        client,
        weight: weightOf(client),
        calls: calls.length,
        arrived: Math.round(arrived(client)),
        first: calls.slice(0, MOST_AT_ONCE).map(({ urgency, since }) => ({ urgency, waitedMs: now - since })),
      }),
    )
    .filter(({ calls, arrived }) => calls > 0 || arrived > 0);

/** How calls are named that belong to no client, as those in the background: no client can be called so. */
const NOBODY = '*';
const nameOf = (client: string): string => client || NOBODY;

/** The client that a name in a line stands for. */
export const clientOf = (name: string): string => (name === NOBODY ? '' : name);

/**
 * For each client, parted by `;`: its name (`[A-Za-z0-9_-]`, or `*`), weight, calls, calls that arrived, and of the first
 * calls each the urgency and the microseconds waited (`3:1000,3:500`).
 */
export const writeLine = (line: Line): string =>
  line
    .map(({ client, weight, calls, arrived, first }) => {
      const heads = first.map(({ urgency, waitedMs }) => `${urgency}:${Math.round(waitedMs * 1000)}`);
      return [nameOf(client), weight, calls, arrived, heads.join(',')].join(' ');
    })
    .join(';');

/** Another process may be of another version, or lie: what it tells is kept within what could be true. */
export const readLine = (text: string): Line =>
  text
    .split(';')
    .filter((entry) => entry !== '')
    .map((entry): Waiting => {
      const [name = '', weight, calls, arrived, first = ''] = entry.split(' ');
      return {
        client: clientOf(name),
        weight: within(Number(weight), LEAST_WEIGHT, MOST_WEIGHT),
        calls: within(Math.floor(Number(calls)), 0, MOST_CALLS),
        arrived: within(Math.floor(Number(arrived)), 0, MOST_CALLS),
        first: readPairs(first).map(([urgency, waitedUs]) => ({
          urgency: within(urgency, FIRST_URGENCY, LAST_URGENCY),
          waitedMs: within(waitedUs / 1000, 0, HORIZON_MS),
        })),
      };
    });

const readPairs = (text: string): [number, number][] =>
  text
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [a = 0, b = 0] = pair.split(':').map(Number);
      return [a, b];
    });
