/** Calls that nobody waits for: they cost no client's quota, and are only made while a model's window has room to spare. */

import type { CacheDirectives, ItemCall } from '../calls/call.ts';

export interface BackgroundOptions {
  /** The model's window has room that nobody waits for. */
  readonly spare: (model: string) => boolean;
  /** The longest that such a call may take, milliseconds. */
  readonly maxWaitMs: number;
}

/** No client has this name: calls in it are charged to nobody, and share no client's turns. */
const NOBODY = '';

const LEAST_URGENT = 7;

export const inBackground = (
  { model, query, items, identity }: Pick<ItemCall, 'model' | 'query' | 'items' | 'identity'>,
  cache: CacheDirectives,
  maxWaitMs: number,
): ItemCall => ({
  model,
  query,
  items,
  identity,
  cache,
  terms: {
    client: NOBODY,
    urgency: LEAST_URGENT,
    deadline: performance.now() + maxWaitMs,
    signal: new AbortController().signal,
  },
  isBackground: true,
});
