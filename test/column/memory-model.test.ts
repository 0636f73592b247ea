import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freshness } from '../../src/cache/freshness.ts';
import type { ItemReply } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { cacheTerms, documents, scoreAt } from '../cache/pairs-known.ts';
import { aCall, type CallOptions, scoresOf, type TextCall, textsOf } from '../support/fakes.ts';
import { LIFETIME, Memories, TTL } from './memories.ts';

/** Memory as one would write it down: each pair with the moment at which it was last scored. */
class Model {
  readonly #takenAt = new Map<string, number>();

  /** By document when it was scored, where it answers or could stand in. */
  recall({ query, items: documents, cache }: TextCall, now: number) {
    const recalled = documents.map((document) => {
      const moment = this.#takenAt.get(JSON.stringify([query, document]));
      const state = moment === undefined ? 'unusable' : freshness(now - moment, LIFETIME, cache);
      return { document, moment, state, answers: state === 'fresh' || state === 'renewable' };
    });
    // When there is a call anyway, what is past half of its freshness is asked along: it costs nothing more.
    const all = recalled.every(({ answers }) => answers);
    return recalled.map(({ answers, ...one }) => ({
      ...one,
      known: answers && (all || now - one.moment! <= TTL / 2),
    }));
  }

  remember(query: string, documents: readonly string[], now: number): void {
    for (const document of documents) this.#takenAt.set(JSON.stringify([query, document]), now);
  }
}

interface Step {
  readonly over: CallOptions;
  /** Milliseconds since the step before. */
  readonly later: number;
  /** The upstream fails. */
  readonly fails: 'upstream_failed' | 'queue_full' | undefined;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    over: fc.record({
      query: fc.constantFrom('q', 'q ', 'other'),
      items: documents,
      cache: fc.oneof(
        fc.constant({}),
        fc
          .tuple(cacheTerms, fc.constantFrom(true, true, false))
          .map(([cache, write]) => ({ ...cache, write })),
      ),
    }),
    later: fc.oneof(fc.constant(0), fc.nat({ max: 300 }), fc.nat({ max: 1600 })),
    fails: fc.constantFrom(undefined, undefined, undefined, 'upstream_failed', 'queue_full'),
  }),
  { minLength: 5, maxLength: 40, size: 'large' },
);

class Trial {
  readonly memory = new Memories();
  readonly model = new Model();
  #fails: Step['fails'];

  constructor() {
    this.memory.inner.respond = (ask) => {
      if (this.#fails) throw new RerankError(this.#fails);
      const { now } = this.memory;
      const values = textsOf(ask).map((document) => scoreAt(ask.query, document, now));
      return scoresOf(ask, { values: Float64Array.from(values), takenAt: now, spent: 3 });
    };
  }

  /** Asks, and checks all that the answer says and everything that was asked on. */
  async take({ over, later, fails }: Step): Promise<void> {
    const { memory, model } = this;
    memory.now += later;
    this.#fails = fails;
    const ask = aCall(over);
    const recalled = model.recall(ask, memory.now);
    const missing = recalled.filter(({ known }) => !known).map(({ document }) => document);
    memory.inner.asks.length = 0;
    const answer = await memory.score(ask).catch((thrown: RerankError) => thrown.kind);
    expect(memory.inner.asks.map((asked) => textsOf(asked).toSorted())).toEqual(
      missing.length > 0 ? [missing.toSorted()] : [],
    );

    const fromMemory = ({ document, moment }: (typeof recalled)[number]) =>
      [scoreAt(ask.query, document, moment!), moment, 'memory'] as const;
    if (missing.length > 0 && fails !== undefined) {
      const standsIn = fails === 'upstream_failed' && recalled.every(({ state }) => state !== 'unusable');
      if (!standsIn) expect(answer).toBe(fails);
      else this.#check(answer, recalled.map(fromMemory), { stale: true, stored: false, spent: 0 });
      return;
    }
    const rows = recalled.map((one) =>
      one.known
        ? fromMemory(one)
        : ([scoreAt(ask.query, one.document, memory.now), memory.now, 'upstream'] as const),
    );
    this.#check(answer, rows, {
      stale: recalled.some(({ known, state }) => known && state === 'renewable'),
      stored: missing.length > 0 && ask.cache.write,
      spent: missing.length > 0 ? 3 : 0,
    });
    if (ask.cache.write) model.remember(ask.query, missing, memory.now);
  }

  #check(
    answer: ItemReply | string,
    rows: readonly (readonly [number, number | undefined, string])[],
    facts: Partial<ItemReply>,
  ): void {
    const { values, takenAt, sources } = answer as ItemReply;
    expect([...values].map((value, i) => [value, takenAt[i], sources[i]])).toEqual(rows);
    expect(answer).toMatchObject(facts);
  }
}

test('memory answers as a table of all pairs would, whatever is asked, passes, and fails meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const trial = new Trial();
      for (const step of all) await trial.take(step);
    }),
    { numRuns: 200 },
  );
});
