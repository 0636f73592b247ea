import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ItemCall, ItemReply, Service } from '../../src/calls/call.ts';
import { type ErrorKind, RerankError } from '../../src/calls/errors.ts';
import { batch } from '../../src/column/batch.ts';
import { flight } from '../../src/column/flight.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { aCall, scoreOf, scoresOf, stack, textsOf } from '../support/fakes.ts';
import { batches } from './batches.ts';

const refusal = (documents: readonly string[]): RerankError =>
  new RerankError('upstream_invalid', `refused: ${documents.join(' ')}`, {
    status: 413,
    upstreamStatus: 413,
  });

/** An upstream that calls whatever holds a bad document invalid, and repeats all that it was sent. */
const picky = (isBad: (document: string) => boolean) => {
  const calls: (readonly string[])[] = [];
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const inner: Service = {
    async answer(ask: ItemCall): Promise<ItemReply> {
      await opened;
      const sealed = { ...ask, ...ask.seal?.() };
      const texts = textsOf(sealed);
      calls.push(texts);
      if (texts.some(isBad)) throw refusal(texts);
      return scoresOf(sealed);
    },
  };
  return { inner, calls, open: () => open() };
};

describe('a call that several share and that is refused for what it holds', () => {
  test.each<ErrorKind>(['upstream_invalid', 'firewall_refused'])(
    'falls apart into halves: %s',
    async (kind) => {
      const { calls, ask } = batches();
      const members = ['a', 'b', 'bad', 'd'].map((document) => ask([document]));
      calls[0]!.grant();
      calls[0]!.fail(new RerankError(kind, 'about a, b, bad and d'));
      await Promise.resolve();
      expect(calls.slice(1).map((call) => call.grant())).toEqual([
        ['a', 'b'],
        ['bad', 'd'],
      ]);
      calls[1]!.answer();
      calls[2]!.fail(new RerankError(kind, 'about bad and d'));
      await Promise.all([members[0]!.answer, members[1]!.answer]);
      expect(calls.slice(3).map((call) => call.grant())).toEqual([['bad'], ['d']]);
      calls[3]!.fail(new RerankError(kind, 'about bad'));
      calls[4]!.answer();
      await expect(members[2]!.answer).rejects.toThrow(/^about bad$/);
      expect((await members[3]!.answer).values[0]).toBe(scoreOf('how do dynos sleep', 'd'));
    },
  );

  test('is asked again for whoever is left of it, who is not told what was said of the others’ documents', async () => {
    const { calls, ask } = batches();
    const [leaver, stayer] = [ask(['secret']), ask(['mine'])];
    calls[0]!.grant();
    leaver!.leave();
    calls[0]!.fail(new RerankError('upstream_invalid', 'documents[0] is too long: secret'));
    await expect(leaver!.answer).rejects.toMatchObject({ kind: 'client_gone' });
    expect(calls[1]!.grant()).toEqual(['mine']);
    calls[1]!.answer();
    await stayer!.answer;
  });

  test('takes in nobody any more once it has fallen apart', async () => {
    const { calls, ask } = batches();
    void [ask(['a']), ask(['b'])];
    calls[0]!.grant();
    calls[0]!.fail(new RerankError('upstream_invalid'));
    await Promise.resolve();
    ask(['c']);
    expect(calls.slice(1).map((call) => call.grant())).toEqual([['a'], ['b'], ['c']]);
  });

  test('fails all together for what is nobody’s fault', async () => {
    const { calls, ask } = batches();
    const members = [ask(['a']), ask(['b'])];
    calls[0]!.grant();
    calls[0]!.fail(new RerankError('upstream_failed'));
    for (const { answer } of members) await expect(answer).rejects.toMatchObject({ kind: 'upstream_failed' });
    expect(calls).toHaveLength(1);
  });
});

describe('a flight that is refused for what it holds', () => {
  test('is asked again for who had joined it for a part, alone', async () => {
    const { inner, calls, open } = picky((document) => document === 'bad');
    const scorer = stack(inner, flight(), batch({ most: () => RERANK.perCall }));
    const leader = scorer.answer(aCall({ items: ['shared', 'bad'] }));
    const joiner = scorer.answer(aCall({ items: ['own', 'shared'] }));
    open();
    await expect(leader).rejects.toThrow('refused: shared bad');
    expect((await joiner).values).toEqual(
      Float64Array.from(['own', 'shared'], (document) => scoreOf('how do dynos sleep', document)),
    );
    expect(calls.filter((documents) => documents.includes('shared'))).not.toHaveLength(0);
  });

  test('is refused to everybody who had asked for all of it, with one call', async () => {
    const { inner, calls, open } = picky(() => true);
    const scorer = stack(inner, flight(), batch({ most: () => RERANK.perCall }));
    const asks = Array.from({ length: 200 }, () => scorer.answer(aCall({ items: ['x', 'y'] })));
    open();
    for (const each of asks) await expect(each).rejects.toThrow('refused: x y');
    expect(calls).toHaveLength(1);
  });
});

test('of any asks that share calls, those without a bad document are answered, and nobody reads of others’ documents', async () => {
  const documents = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), {
    minLength: 1,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(documents, { minLength: 1, maxLength: 8 }), documents, async (asks, bad) => {
      const { inner, open } = picky((document) => bad.slice(0, 2).includes(document));
      const scorer = stack(inner, flight(), batch({ most: () => RERANK.perCall }));
      const answers = asks.map((each) =>
        scorer.answer(aCall({ items: each })).then(
          (scores) => ({ scores, error: undefined }),
          (error: RerankError) => ({ scores: undefined, error }),
        ),
      );
      open();
      for (const [i, answer] of (await Promise.all(answers)).entries()) {
        const own = asks[i]!;
        const isBad = own.some((document) => bad.slice(0, 2).includes(document));
        expect(answer.scores === undefined).toBe(isBad);
        expect(answer.scores?.values).toEqual(
          isBad ? undefined : Float64Array.from(own, (document) => scoreOf('how do dynos sleep', document)),
        );
        const told = answer.error?.message.replace('refused: ', '').split(' ') ?? [];
        expect(told.filter((document) => !own.includes(document))).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
});
