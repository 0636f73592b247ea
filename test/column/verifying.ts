/** The verifying layer in front of a cache that knows everything. */

import type { Ask, Scores, Source } from '../../src/calls/scoring.ts';
import { type VerifyOptions, verify } from '../../src/column/verify.ts';
import { type AskOptions, anAsk, ScriptedScorer, scoresOf, stack, turns } from '../support/fakes.ts';

export class Verifying {
  /** Answers when told to what may not come from the cache. */
  readonly upstream = new ScriptedScorer();
  readonly verified: [model: string, difference: number][] = [];
  readonly changed: [model: string, difference: number][] = [];
  /** What the cache says besides the scores. */
  over: Partial<Scores> = {};
  source: Source = 'memory';
  readonly ask: (options?: AskOptions) => Promise<Scores>;

  constructor(options: Partial<VerifyOptions> = {}) {
    const scorer = stack(
      { score: (ask) => (ask.cache.read ? this.#cached(ask) : this.upstream.score(ask)) },
      verify({
        rate: 1,
        spare: () => true,
        maxWaitMs: 25_000,
        onVerified: (model, difference) => void this.verified.push([model, difference]),
        onChanged: (model, difference) => void this.changed.push([model, difference]),
        ...options,
      }),
    );
    this.ask = (over) => scorer.score(anAsk(over));
  }

  /** Lets the last call be answered, and heard of. */
  async answer(values?: Float64Array): Promise<void> {
    this.upstream.calls.at(-1)!.answer(values && { values });
    await turns();
  }

  async #cached(ask: Ask): Promise<Scores> {
    const sources = ask.documents.map(() => this.source);
    return scoresOf(ask, { sources, searchUnits: 0, ...this.over });
  }
}
