import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ItemReply, Service } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { flight } from '../../src/column/flight.ts';
import { redis } from '../../src/column/redis.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { FakePairStore } from '../cache/pair-stores.ts';
import { aCall, ScriptedScorer, stack, turns, valuesOf } from '../support/fakes.ts';

const POOL = ['a', 'b', 'c', 'd', 'e', 'f'];
const LIFETIME = { ttlMs: 1e9, staleMs: 0 };
const PROCESSES = 3;

const which = fc.nat(60);
const process = fc.nat(PROCESSES - 1);
const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      process,
      documents: fc.shuffledSubarray(POOL, { minLength: 1 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), process }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outage' as const), down: fc.boolean() }) },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

interface Asked {
  readonly ask: ReturnType<typeof aCall>;
  readonly process: number;
  readonly controller: AbortController;
  outcome: ItemReply | RerankError | undefined;
}

class World {
  readonly store = new FakePairStore();
  readonly asked: Asked[] = [];
  readonly settled = new Set<unknown>();
  readonly dead = new Set<number>();
  /** Something has happened since that excuses a pair that is asked for twice. */
  excused = false;
  readonly inner: ScriptedScorer[] = [];
  readonly scorers: Service[] = [];

  constructor() {
    for (let i = 0; i < PROCESSES; i++) {
      this.inner.push(new ScriptedScorer());
      const shared = this.store.process(String(i), () => !this.dead.has(i));
      this.scorers.push(
        stack(this.inner[i]!, flight(), redis({ store: shared, lifetime: LIFETIME, choose: RERANK.choose })),
      );
    }
  }

  /** Calls that the upstream is still busy with, of processes that live. */
  open() {
    return this.inner.flatMap(({ calls }, process) =>
      this.dead.has(process)
        ? []
        : calls.filter((call) => !this.settled.has(call) && !call.ask.terms.signal.aborted),
    );
  }

  async happen(event: Event): Promise<void> {
    const open = this.open();
    if (event.kind === 'ask') this.#ask(event.process, event.documents);
    else if (event.kind === 'leave') {
      this.asked[event.which % this.asked.length]?.controller.abort(new RerankError('client_gone'));
    } else if (event.kind === 'die') {
      this.dead.add(event.process);
    } else if (event.kind === 'outage') {
      this.store.down = event.down;
      this.excused = true;
    } else if (open.length > 0) {
      const call = open[event.which % open.length]!;
      this.settled.add(call);
      if (event.kind === 'answer') call.answer();
      else call.fail(new RerankError('upstream_failed'));
    }
    await turns(100);
    // A call ends when nobody waits for it any more.
    for (const { calls } of this.inner) {
      for (const { ask, fail } of calls) if (ask.terms.signal.aborted) fail(ask.terms.signal.reason);
    }
    // The silence of the dead is noticed whenever somebody waits for it; after an outage, anybody's may be.
    for (const process of this.dead) this.store.silence(String(process));
    if (this.excused) this.store.silence();
    await turns(100);
    if (!this.excused) this.#checkNothingTwice();
  }

  #ask(process: number, documents: readonly string[]): void {
    if (this.dead.has(process)) return;
    const controller = new AbortController();
    const ask = aCall({ items: documents, terms: { signal: controller.signal } });
    const asked: Asked = { ask, process, controller, outcome: undefined };
    this.asked.push(asked);
    const note = (outcome: ItemReply | RerankError): void => {
      asked.outcome = outcome;
    };
    this.scorers[process]!.answer(ask).then(note, note);
  }

  /** Of all that lives, no pair is under way twice. */
  #checkNothingTwice(): void {
    const documents = this.open().flatMap(({ ask }) => ask.items);
    expect(new Set(documents).size).toBe(documents.length);
  }

  async land(): Promise<void> {
    do await this.happen({ kind: 'answer', which: 0 });
    while (this.open().length > 0);
  }

  checkAnswers(): void {
    for (const { ask, process, controller, outcome } of this.asked) {
      if (outcome === undefined) expect(this.dead.has(process)).toBe(true);
      else if (outcome instanceof RerankError)
        expect(outcome.kind).toBe(
          outcome.kind === 'client_gone' && controller.signal.aborted ? 'client_gone' : 'upstream_failed',
        );
      else expect(outcome.values).toEqual(valuesOf(ask));
    }
  }
}

describe('processes that share a store, whatever comes, leaves, fails and dies', () => {
  test('answer everybody rightly, and have no pair scored twice at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 30 }), async (events) => {
        const world = new World();
        for (const event of events) await world.happen(event);
        await world.land();
        world.checkAnswers();
        for (const { controller } of world.asked) controller.abort(new RerankError('client_gone'));
      }),
      { numRuns: 300 },
    );
  });

  test('have no pair scored a second time when nothing fails', async () => {
    const calm = event.filter(({ kind }) => kind === 'ask' || kind === 'answer');
    await fc.assert(
      fc.asyncProperty(fc.array(calm, { maxLength: 30 }), async (events) => {
        const world = new World();
        for (const event of events) await world.happen(event);
        await world.land();
        const sent = world.inner.flatMap(({ calls }) => calls.flatMap(({ ask }) => ask.items));
        expect(new Set(sent).size).toBe(sent.length);
        expect(world.store.held).toBe(0);
        world.checkAnswers();
      }),
      { numRuns: 200 },
    );
  });
});
