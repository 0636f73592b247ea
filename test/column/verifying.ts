/** The verifying layer in front of a cache that knows everything. */

import type { ItemCall, ItemReply, Source } from '../../src/calls/call.ts';
import { type VerifyOptions, verify } from '../../src/column/verify.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { aCall, type CallOptions, ScriptedScorer, scoresOf, stack, turns } from '../support/fakes.ts';

export class Verifying {
  /** Answers when told to what may not come from the cache. */
  readonly upstream = new ScriptedScorer();
  readonly verified: [model: string, difference: number][] = [];
  readonly changed: [model: string, difference: number][] = [];
  /** What the cache says besides the scores. */
  over: Partial<ItemReply> = {};
  source: Source = 'memory';
  readonly ask: (options?: CallOptions) => Promise<ItemReply>;

  constructor(options: Partial<VerifyOptions> = {}) {
    const scorer = stack(
      { answer: (ask) => (ask.cache.read ? this.#cached(ask) : this.upstream.answer(ask)) },
      verify({
        rate: 1,
        spare: () => true,
        maxWaitMs: 25_000,
        comparison: RERANK.comparison,
        onVerified: (model, difference, _, finding) =>
          void (finding === 'changed' ? this.changed : this.verified).push([model, difference]),
        ...options,
      }),
    );
    this.ask = (over) => scorer.answer(aCall(over));
  }

  /** Lets the last call be answered, and heard of. */
  async answer(values?: Float64Array): Promise<void> {
    this.upstream.calls.at(-1)!.answer(values && { values });
    await turns();
  }

  async #cached(ask: ItemCall): Promise<ItemReply> {
    const sources = ask.items.map(() => this.source);
    return scoresOf(ask, { sources, spent: 0, ...this.over });
  }
}
