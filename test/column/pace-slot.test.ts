import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { pace } from '../../src/column/pace.ts';
import {
  aCall,
  InstantScorer,
  isSettled,
  ScriptedScorer,
  scoresOf,
  stack,
  turns,
  valuesOf,
} from '../support/fakes.ts';
import { FakePermits } from './fake-permits.ts';

describe('what is asked', () => {
  const sealed = aCall({ items: ['a', 'b', 'c', 'd'] });

  test('is decided when the slot is granted, not before, and once', async () => {
    const [permits, inner] = [new FakePermits(), new InstantScorer()];
    let seals = 0;
    const seal = () => {
      seals++;
      return { items: sealed.items, identity: sealed.identity };
    };
    const answer = stack(inner, pace({ permits: () => permits })).answer({ ...aCall(), seal });
    await turns();
    expect(seals).toBe(0);
    permits.grant();
    expect((await answer).values).toEqual(valuesOf(sealed));
    expect(seals).toBe(1);
    const { items, identity } = sealed;
    expect(inner.asks).toEqual([expect.objectContaining({ items, identity })]);
  });

  test('is what the ask names where nobody may join', async () => {
    const [permits, inner, ask] = [new FakePermits(), new InstantScorer(), aCall()];
    const answer = stack(inner, pace({ permits: () => permits })).answer(ask);
    permits.grant();
    await answer;
    const { items, identity } = ask;
    expect(inner.asks).toEqual([expect.objectContaining({ items, identity })]);
  });
});

describe('a slot', () => {
  test('is released when the answer is there, not before, and once', async () => {
    const [permits, inner] = [new FakePermits(), new ScriptedScorer()];
    const answer = stack(inner, pace({ permits: () => permits })).answer(aCall());
    permits.grant();
    expect(await isSettled(answer)).toBe(false);
    expect(permits.released).toEqual([]);
    inner.calls[0]!.ask.onSend?.();
    inner.calls[0]!.answer();
    await answer;
    expect(permits).toMatchObject({ released: [true], givenBack: 0 });
  });

  test.each<[string, unknown, boolean]>([
    ['an upstream 429', new RerankError('upstream_throttled', undefined, { upstreamStatus: 429 }), true],
    ['an upstream 500', new RerankError('upstream_failed', undefined, { upstreamStatus: 500 }), true],
    [
      'a 200 that is no answer',
      new RerankError('upstream_garbage', undefined, { upstreamStatus: 200 }),
      true,
    ],
    ['a broken connection', new RerankError('upstream_failed'), false],
    ['a time-out', new RerankError('deadline'), false],
    ['a caller that left', new RerankError('client_gone'), false],
    ['what nobody foresaw', new TypeError('unforeseen'), false],
  ])('is released once after %s', async (_, error, answered) => {
    const [permits, inner] = [new FakePermits(), new ScriptedScorer()];
    const answer = stack(inner, pace({ permits: () => permits })).answer(aCall());
    permits.grant();
    await isSettled(answer);
    inner.calls[0]!.ask.onSend?.();
    inner.calls[0]!.fail(error);
    await expect(answer).rejects.toBe(error);
    expect(permits).toMatchObject({ released: [answered], givenBack: 0 });
  });

  test('is given back, as if never taken, when everything was known by the time it was granted', async () => {
    const [permits, inner] = [new FakePermits(), new InstantScorer()];
    inner.respond = (ask) => scoresOf(ask, { sources: ['redis', 'redis', 'redis'], spent: 0 });
    const answer = stack(inner, pace({ permits: () => permits })).answer(aCall());
    permits.grant();
    expect((await answer).sources).toEqual(['redis', 'redis', 'redis']);
    expect(permits).toMatchObject({ released: [], givenBack: 1 });
  });

  test('is given back when the call throws before it is sent', async () => {
    const permits = new FakePermits();
    const broken = {
      answer() {
        throw new TypeError('at once');
      },
    };
    const answer = stack(broken, pace({ permits: () => permits })).answer(aCall());
    permits.grant();
    await expect(answer).rejects.toThrow('at once');
    expect(permits).toMatchObject({ released: [], givenBack: 1 });
  });

  test('tells whoever listens above that the call is sent', async () => {
    const [permits, inner] = [new FakePermits(), new ScriptedScorer()];
    let heard = 0;
    const onSend = (): void => void heard++;
    void stack(inner, pace({ permits: () => permits })).answer({ ...aCall(), onSend });
    expect(heard).toBe(0);
    permits.grant();
    await turns();
    expect(heard).toBe(1);
  });
});
