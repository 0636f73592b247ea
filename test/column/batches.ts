/** A batch layer over calls that wait for their permit until a test grants it. */

import type { ItemCall, ItemReply, Place, Service } from '../../src/calls/call.ts';
import type { PerCall } from '../../src/calls/endpoint.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { type BatchOptions, batch } from '../../src/column/batch.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { aCall, type CallOptions, type Override, scoresOf, textsOf } from '../support/fakes.ts';

export interface WaitingCall {
  /** As it came from the layer. */
  readonly ask: ItemCall;
  /** Places that were announced since it waits. */
  readonly newcomers: Place[];
  /** Its permit is granted: what it asks for, from now on. */
  grant(): readonly string[];
  /** The answer to what was sealed last. */
  answer(over?: Override): void;
  fail(error: RerankError): void;
}

export interface Batched {
  readonly answer: Promise<ItemReply>;
  readonly signal: AbortSignal;
  readonly told: number[];
  leave(): void;
}

interface BatchesOptions extends Omit<Partial<BatchOptions>, 'most'> {
  readonly most?: PerCall;
}

export const batches = ({ most = RERANK.perCall, ...options }: BatchesOptions = {}) => {
  const calls: WaitingCall[] = [];
  const inner: Service = {
    answer: (ask) =>
      new Promise((resolve, reject) => {
        let sealed = ask;
        const newcomers: Place[] = [];
        ask.terms.onNewcomer?.((place) => newcomers.push({ client: place.client, urgency: place.urgency }));
        ask.terms.signal.addEventListener('abort', () => reject(ask.terms.signal.reason));
        calls.push({
          ask,
          newcomers,
          grant() {
            sealed = { ...ask, ...ask.seal?.() };
            return textsOf(sealed);
          },
          answer: (over) => resolve(scoresOf(sealed, over)),
          fail: reject,
        });
      }),
  };
  const scorer = batch({ ...options, most: () => most })(inner);
  const ask = (documents: readonly string[], over: CallOptions = {}): Batched => {
    const controller = new AbortController();
    const told: number[] = [];
    const answer = scorer.answer({
      ...aCall({ items: documents, ...over, terms: { signal: controller.signal, ...over.terms } }),
      onQueued: (answerAt) => told.push(answerAt),
    });
    answer.catch(() => {});
    return {
      answer,
      signal: controller.signal,
      told,
      leave: () => controller.abort(new RerankError('client_gone')),
    };
  };
  return { calls, ask };
};
