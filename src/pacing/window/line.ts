/** What waits in a process, as others are told of it. */

import { within } from './amount.ts';
import { HORIZON_MS } from './schedule.ts';
import { type Line, MOST_AT_ONCE, type Waiting } from './window.ts';

/** What the configuration allows: weights, calls that may wait, and tokens of a window. */
const [LEAST_WEIGHT, MOST_WEIGHT] = [0.001, 1000];
const MOST_CALLS = 1_000_000;
const MOST_TOKENS = 1_000_000_000;
/** A call that goes first, and the least urgent that a caller can ask for. */
const [FIRST_URGENCY, LAST_URGENCY] = [-1, 7];

/** What waits here of one client. */
export interface WaitingHere extends Pick<Waiting, 'client' | 'weight' | 'arrived'> {
  /** In the order in which they are due: since when each waits (monotonic ms), what it is likely to cost, and what it asks for. */
  readonly calls: readonly {
    readonly urgency: number;
    readonly since: number;
    readonly tokens?: number;
    readonly asks?: number;
  }[];
}

export const lineOf = (waiting: readonly WaitingHere[], now: number): Line =>
  waiting
    .map(
      ({ client, weight, arrived, calls }): Waiting => ({
        client,
        weight,
        calls: calls.length,
        tokens: calls.reduce((sum, { tokens = 0 }) => sum + tokens, 0) || undefined,
        arrived: Math.round(arrived),
        first: calls.slice(0, MOST_AT_ONCE).map(({ urgency, since, asks }) => ({
          urgency,
          waitedMs: now - since,
          tokens: asks || undefined,
        })),
      }),
    )
    .filter(({ calls, arrived }) => calls > 0 || arrived > 0);

/** Another process may be of another version, or lie: what it tells is kept within what could be true. */
export const readLine = (line: unknown): Line =>
  listOf(line)
    .map(fieldsOf)
    .map(
      ({ client, weight, calls, tokens, arrived, first }): Waiting => ({
        client: typeof client === 'string' ? client : '',
        weight: within(weight, LEAST_WEIGHT, MOST_WEIGHT),
        calls: Math.floor(within(calls, 0, MOST_CALLS)),
        tokens: within(tokens, 0, MOST_CALLS * MOST_TOKENS) || undefined,
        arrived: Math.floor(within(arrived, 0, MOST_CALLS)),
        first: listOf(first)
          .map(fieldsOf)
          .map(({ urgency, waitedMs, tokens }) => ({
            urgency: within(urgency, FIRST_URGENCY, LAST_URGENCY),
            waitedMs: within(waitedMs, 0, HORIZON_MS),
            tokens: within(tokens, 0, MOST_TOKENS) || undefined,
          })),
      }),
    );

/** The list that it is; of anything else, none. */
export const listOf = <T = unknown>(value: unknown): readonly T[] => (Array.isArray(value) ? value : []);

/** The fields that it has; of what is no object, none. */
const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
