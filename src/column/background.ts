/** Calls that no request waits for: they count against no client's quota, and are only made while the window has room to spare. */

import { type CacheDirectives, type ItemCall, itemCall } from '../calls/call.ts';
import { Canceller } from '../calls/cancellation.ts';
import type { WireCall } from '../calls/endpoint.ts';

export interface BackgroundOptions {
  /** Whether the model's window has room that no call waits for. */
  readonly spare: (model: string) => boolean;
  /** The longest that such a call may take, milliseconds. */
  readonly maxWaitMs: number;
}

/** No client has this name: its calls count against no client's quota or share. */
const NOBODY = '';

const LEAST_URGENT = 7;

export const inBackground = (
  { model, query, items, dependsOn, identity }: WireCall & Pick<ItemCall, 'identity'>,
  cache: CacheDirectives,
  maxWaitMs: number,
): ItemCall =>
  itemCall({
    model,
    query,
    items,
    dependsOn,
    identity,
    cache,
    terms: {
      client: NOBODY,
      urgency: LEAST_URGENT,
      deadline: performance.now() + maxWaitMs,
      signal: new Canceller(),
    },
    isBackground: true,
  });
