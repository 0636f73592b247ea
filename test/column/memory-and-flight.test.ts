import { describe, expect, test } from 'vitest';
import { memoryByQuestion } from '../../src/cache/by-question.ts';
import { memoryStore } from '../../src/cache/memory-store.ts';
import type { ItemReply, Service } from '../../src/calls/call.ts';
import { flight } from '../../src/column/flight.ts';
import { recall, remember } from '../../src/column/memory.ts';
import { aCall, ScriptedScorer, stack, turns, valuesOf } from '../support/fakes.ts';

const TURNS = 60;

/** The first layers in the order in which the gateway has them. */
const column = (): { inner: ScriptedScorer; scorer: Service } => {
  const inner = new ScriptedScorer();
  const store = memoryByQuestion(memoryStore(1_000_000));
  const lifetime = { ttlMs: 60_000, staleMs: 0 };
  return { inner, scorer: stack(inner, recall({ store, lifetime }), flight(), remember({ store })) };
};

describe('memory in front of a flight, and filled inside it', () => {
  test('is looked up, and the call started, in one synchronous step', () => {
    const { inner, scorer } = column();
    void scorer.answer(aCall());
    expect(inner.calls).toHaveLength(1);
  });

  // Between a call's answer and its callers' hearing of it, promises take turns: an ask in any of them must either
  // join the call or find its scores in memory.
  test('never lets an ask fall between the two, in whichever turn after the answer it comes', async () => {
    for (let turn = 0; turn < TURNS; turn++) {
      const { inner, scorer } = column();
      const first = scorer.answer(aCall());
      inner.calls[0]!.answer();
      await turns(turn);
      const second = scorer.answer(aCall());
      expect(inner.calls).toHaveLength(1);
      expect((await second).values).toEqual((await first).values);
    }
  });

  test('answers asks of every turn with one call, joined or from memory', async () => {
    const { inner, scorer } = column();
    const answers: Promise<ItemReply>[] = [];
    const askOften = async (): Promise<void> => {
      for (let i = 0; i < TURNS; i++) {
        answers.push(scorer.answer(aCall()));
        await turns(1);
      }
    };
    await askOften();
    inner.calls[0]!.answer();
    await askOften();
    const scores = await Promise.all(answers);
    expect(inner.calls).toHaveLength(1);
    for (const { values } of scores) expect(values).toEqual(valuesOf(aCall()));
    const sources = new Set(scores.map(({ sources: [source] }) => source));
    expect(sources).toEqual(new Set(['upstream', 'joined', 'memory']));
  });

  test('hands everybody the scores in the order of his own documents, joined or from memory', async () => {
    const { inner, scorer } = column();
    const orders = [
      ['a', 'b', 'c', 'd'],
      ['d', 'b', 'a', 'c'],
    ];
    const answers = orders.map((documents) => scorer.answer(aCall({ items: documents })));
    inner.calls[0]!.answer();
    await Promise.all(answers);
    answers.push(...orders.map((documents) => scorer.answer(aCall({ items: documents }))));
    for (const [i, { values }] of (await Promise.all(answers)).entries()) {
      expect(values).toEqual(valuesOf(aCall({ items: orders[i % 2]! })));
    }
    expect(inner.calls).toHaveLength(1);
  });

  test('asks once for each pair, whatever the asks have in common and in whichever turn they come', async () => {
    for (let turn = 0; turn < TURNS; turn += 3) {
      const { inner, scorer } = column();
      const lists = [
        ['a', 'b', 'c'],
        ['d', 'b', 'a'],
        ['e', 'a', 'd', 'c'],
      ];
      const answers = [scorer.answer(aCall({ items: lists[0]! }))];
      inner.calls[0]!.answer();
      await turns(turn);
      answers.push(scorer.answer(aCall({ items: lists[1]! })), scorer.answer(aCall({ items: lists[2]! })));
      for (const { answer } of inner.calls.slice(1)) answer();
      for (const [i, { values }] of (await Promise.all(answers)).entries()) {
        expect(values).toEqual(valuesOf(aCall({ items: lists[i]! })));
      }
      expect(inner.calls.map(({ ask }) => ask.items)).toEqual([lists[0], ['d'], ['e']]);
    }
  });

  test('gives each of 200 at once the scores of one call, and all later ones those of memory', async () => {
    const { inner, scorer } = column();
    const answers = Array.from({ length: 200 }, () => scorer.answer(aCall()));
    inner.calls[0]!.answer();
    const units = (await Promise.all(answers)).reduce((sum, { spent }) => sum + spent, 0);
    expect(units).toBe(1);
    expect((await scorer.answer(aCall())).sources[0]).toBe('memory');
    expect(inner.calls).toHaveLength(1);
  });
});
