/** How processes tell one another what waits in each: as text, which the scripts in Redis read, too. */

import { type Coming, type Line, MOST_AT_ONCE, type Waiting } from './window.ts';

export interface LineOptions {
  /** What waits, client by client, each in the order in which it is due. */
  readonly waiting: ReadonlyMap<string, readonly { readonly urgency: number; readonly since: number }[]>;
  /** Calls of each client that have been told when to come. */
  readonly coming: ReadonlyMap<string, readonly Coming[]>;
  /** @see Waiting */
  readonly arrived: ReadonlyMap<string, number>;
  readonly weightOf: (client: string) => number;
}

export const lineOf = ({ waiting, coming, arrived, weightOf }: LineOptions, now: number): Line =>
  [...new Set([...waiting.keys(), ...coming.keys(), ...arrived.keys()])]
    .map((client): Waiting => {
      const calls = waiting.get(client) ?? [];
      return {
        client,
        weight: weightOf(client),
        calls: calls.length,
        arrived: arrived.get(client) ?? 0,
        coming: coming.get(client) ?? [],
        first: calls.slice(0, MOST_AT_ONCE).map(({ urgency, since }) => ({ urgency, waitedMs: now - since })),
      };
    })
    .filter(({ calls, coming, arrived }) => calls > 0 || coming.length > 0 || arrived > 0);

/**
 * For each client, parted by `;`: its name (`[A-Za-z0-9_-]`), weight, calls, calls that arrived, those that come, as
 * milliseconds and hundredths of calls (`2000:150,3000:100`), and of the first calls each the urgency and the
 * microseconds waited (`3:1000,3:500`).
 */
export const writeLine = (line: Line): string =>
  line
    .map(({ client, weight, calls, arrived, coming, first }) => {
      const later = coming.map(({ inMs, calls }) => `${inMs}:${Math.round(calls * 100)}`);
      const heads = first.map(({ urgency, waitedMs }) => `${urgency}:${Math.round(waitedMs * 1000)}`);
      return [client, weight, calls, arrived, later.join(','), heads.join(',')].join(' ');
    })
    .join(';');

export const readLine = (text: string): Line =>
  text
    .split(';')
    .filter((entry) => entry !== '')
    .map((entry): Waiting => {
      const [client = '', weight, calls, arrived, coming = '', first = ''] = entry.split(' ');
      return {
        client,
        weight: Number(weight),
        calls: Number(calls),
        arrived: Number(arrived),
        coming: readPairs(coming).map(([inMs, hundredths]) => ({ inMs, calls: hundredths / 100 })),
        first: readPairs(first).map(([urgency, waitedUs]) => ({ urgency, waitedMs: waitedUs / 1000 })),
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
