/** One call answered in parts, each of which goes its own way. */

import type { ItemCall, ItemReply, Terms } from '../../calls/call.ts';
import { subCall } from '../../calls/call.ts';
import { RerankError } from '../../calls/errors.ts';
import { assemble } from '../../calls/parts.ts';
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
  const expected = new Float64Array(parts.length);
  const arrived: (() => void)[] = [];
  let failed = false;
  const replies = parts.map(async ({ places, answer }, i) => {
    const sent = untilSent(call);
    const part: ItemCall = {
      ...subCall(call, places),
      terms: sent.terms,
      onSend: sent.onSend,
      onQueued(answerAt) {
        expected[i] = answerAt;
        call.onQueued?.(Math.max(...expected));
      },
    };
    try {
      const reply = await answer(part);
      if (failed) keep(part, reply);
      else arrived.push(() => keep(part, reply));
      return reply;
    } finally {
      sent.end();
    }
  });
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

/**
 * Terms of a part that is given up with its call until it is sent. After that it is only cancelled when the caller is gone:
 * a part that would come too late must not take back the others.
 */
const untilSent = ({ terms, onSend }: ItemCall) => {
  const { signal } = terms;
  const cancel = new AbortController();
  let sent = false;
  const onAbort = (): void => {
    const { reason } = signal;
    const isGone = reason instanceof RerankError && reason.kind === 'client_gone';
    if (!sent || isGone) cancel.abort(reason);
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  const own: Terms = {
    client: terms.client,
    get urgency() {
      return terms.urgency;
    },
    get deadline() {
      return terms.deadline;
    },
    signal: cancel.signal,
    onNewcomer: terms.onNewcomer,
  };
  return {
    terms: own,
    onSend() {
      sent = true;
      onSend?.();
    },
    end: () => signal.removeEventListener('abort', onAbort),
  };
};
