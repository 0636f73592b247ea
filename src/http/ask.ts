/** A request to an endpoint, whichever way it came to us, and its answer. */

import type { ItemReply } from '../calls/call.ts';
import type { Cancellation } from '../calls/cancellation.ts';
import type { Identity } from '../calls/identity.ts';
import type { Values } from '../calls/values.ts';
import type { Caller, GatewayEnv, RequestRecord } from './context.ts';

/** Hears of it when a caller disconnects. */
export type Leaving = Pick<Cancellation, 'aborted' | 'addEventListener' | 'removeEventListener'>;

export interface Ask {
  readonly record: RequestRecord;
  readonly caller: Caller;
  /** @param name in lower case */
  header(name: string): string | undefined;
  /** Aborted when the caller disconnects. */
  gone(): Leaving;
  /** Undefined where there is no server. */
  readonly outgoing: GatewayEnv['Bindings']['outgoing'];
  readonly keep?: Keep | undefined;
}

/**
 * Keeps the whole answer, for a caller that sends the very same request again. To be called in the same synchronous step as the
 * look-up in the caches: what an answer depends on may have changed when the answer is there.
 * @returns a function that keeps the answer; undefined: it must not be kept
 */
export type Keep = (model: string, identity: Identity) => ((hit: Hit) => void) | undefined;

/** An answer from caches alone. */
export interface Hit {
  /** JSON. */
  readonly body: string;
  readonly record: RequestRecord;
  readonly reply: ItemReply<Values>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

export const toResponse = ({ body, ...init }: Answer): Response => new Response(body, init);
