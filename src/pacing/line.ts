/** How processes tell one another what waits in each: as text, which the scripts in Redis read, too. */

import { type Line, MOST_AT_ONCE, type Waiting } from './window.ts';

export interface LineOptions {
  /** What waits, client by client, each in the order in which it is due. */
  readonly waiting: ReadonlyMap<string, readonly { readonly urgency: number; readonly since: number }[]>;
  /** Calls of each client that have been told when to come. */
  readonly promised: ReadonlyMap<string, number>;
  readonly weightOf: (client: string) => number;
}

export const lineOf = ({ waiting, promised, weightOf }: LineOptions, now: number): Line =>
  [...new Set([...waiting.keys(), ...promised.keys()])]
    .map((client): Waiting => {
      const calls = waiting.get(client) ?? [];
      return {
        client,
        weight: weightOf(client),
        calls: calls.length,
        promised: Math.round(promised.get(client) ?? 0),
        first: calls.slice(0, MOST_AT_ONCE).map(({ urgency, since }) => ({ urgency, waitedMs: now - since })),
      };
    })
    .filter(({ calls, promised }) => calls > 0 || promised > 0);

/**
 * For each client, parted by `;`: its name (`[A-Za-z0-9_-]`), weight, calls, promised, and of the first calls each the
 * urgency and the microseconds waited, as `3:1000,3:500`.
 */
export const writeLine = (line: Line): string =>
  line
    .map(({ client, weight, calls, promised, first }) => {
      const heads = first.map(({ urgency, waitedMs }) => `${urgency}:${Math.round(waitedMs * 1000)}`);
      return [client, weight, calls, promised, heads.join(',')].join(' ');
    })
    .join(';');

export const readLine = (text: string): Line =>
  text
    .split(';')
    .filter((entry) => entry !== '')
    .map((entry): Waiting => {
      const [client = '', weight, calls, promised, heads = ''] = entry.split(' ');
      const first = heads
        .split(',')
        .filter((head) => head !== '')
        .map((head) => {
          const [urgency = 0, waitedUs = 0] = head.split(':').map(Number);
          return { urgency, waitedMs: waitedUs / 1000 };
        });
      return { client, weight: Number(weight), calls: Number(calls), promised: Number(promised), first };
    });
