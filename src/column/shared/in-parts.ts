/** One call answered in parts, each of which goes its own way. */

import { type ItemCall, type ItemReply, subCall } from '../../calls/call.ts';
import { RerankError } from '../../calls/errors.ts';
import { assemble } from '../../calls/parts.ts';
import { Following } from '../../calls/terms.ts';
import type { Values } from '../../calls/values.ts';

export interface Part<V extends Values> {
  /** Indices of its items in the call. All parts together have each index once. */
  readonly places: readonly number[];
  answer(part: ItemCall): Promise<ItemReply<V>>;
}

/** Stores the values of a part although the whole call has failed: they are paid for, and its caller will come back. */
export type Keep<V extends Values> = (part: ItemCall, reply: ItemReply<V>) => void;

export const inParts = async <V extends Values>(
  call: ItemCall,
  parts: readonly Part<V>[],
  keep: Keep<V>,
): Promise<ItemReply<V>> => {
  const { signal } = call.terms;
  const expected = new Float64Array(parts.length);
  const arrived: (() => void)[] = [];
  let failed = false;
  const ways = parts.map(({ places }, i): Way => {
    const cancel = new AbortController();
    const way = { cancel, sent: false };
    const part: ItemCall = {
      ...subCall(call, places),
      terms: new Following(call.terms, cancel.signal, call.terms.onNewcomer),
      onSend() {
        way.sent = true;
        call.onSend?.();
      },
      onQueued(answerAt) {
        expected[i] = answerAt;
        call.onQueued?.(Math.max(...expected));
      },
    };
    return Object.assign(way, { part });
  });
  // One listener for all: a signal that many listen to warns of a leak.
  const onAbort = (): void => {
    for (const way of ways) giveUp(way, signal.reason);
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  const replies = ways.map(async ({ part }, i) => {
    const reply = await parts[i]!.answer(part);
    if (failed) keep(part, reply);
    else arrived.push(() => keep(part, reply));
    return reply;
  });
  void Promise.allSettled(replies).then(() => signal.removeEventListener('abort', onAbort));
  try {
    const all = await Promise.all(replies);
    return assemble(
      call.items.length,
      all.map((reply, i) => ({ places: parts[i]!.places, reply })),
    );
  } catch (thrown) {
    failed = true;
    for (const store of arrived) store();
    throw thrown;
  }
};

interface Way {
  readonly part: ItemCall;
  readonly cancel: AbortController;
  sent: boolean;
}

/**
 * A part is given up with its call until it is sent. After that it is only cancelled when the caller is gone: a part that
 * would come too late must not take back the others.
 */
const giveUp = ({ sent, cancel }: Way, reason: unknown): void => {
  const isGone = reason instanceof RerankError && reason.kind === 'client_gone';
  if (!sent || isGone) cancel.abort(reason);
};
