import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/rerank/errors.ts';
import type { Source } from '../../src/rerank/scoring.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { anAsk, scoreOf, turns } from '../support/fakes.ts';
import { Verifying } from './verifying.ts';

const MODEL = 'cohere-rerank-3-5';

describe('a score from a cache', () => {
  test.each<[Source]>([['memory'], ['redis']])(
    '(%s) is compared with a new one, after its answer',
    async (source) => {
      const verifying = new Verifying();
      verifying.source = source;
      const { values } = await verifying.ask({ query: 'q', documents: ['a'] });
      expect([...values]).toEqual([scoreOf('q', 'a')]);
      expect(verifying.verified).toEqual([]);
      await verifying.answer(Float64Array.of(scoreOf('q', 'a') + 0.25));
      const [[model, difference]] = verifying.verified as [[string, number]];
      expect(model).toBe(MODEL);
      expect(difference).toBeCloseTo(0.25, 12);
    },
  );

  test('differs by as much when the new one is less', async () => {
    const verifying = new Verifying();
    await verifying.ask({ query: 'q', documents: ['a'] });
    await verifying.answer(Float64Array.of(scoreOf('q', 'a') - 0.25));
    expect(verifying.verified[0]![1]).toBeCloseTo(0.25, 12);
  });

  test('that is the same does not differ at all', async () => {
    const verifying = new Verifying();
    await verifying.ask({ documents: ['a'] });
    await verifying.answer();
    expect(verifying.verified).toEqual([[MODEL, 0]]);
  });

  test('is asked for alone, for nobody, and leaves no trace', async () => {
    const verifying = new Verifying();
    await verifying.ask({ documents: ['a', 'b', 'c'], traceparent: '00-t' });
    expect(verifying.upstream.calls).toHaveLength(1);
    const { ask } = verifying.upstream.calls[0]!;
    const { documents } = ask;
    expect(documents).toHaveLength(1);
    expect(ask.identity.digests.numbers).toEqual(anAsk({ documents }).identity.digests.numbers);
    expect(ask.cache).toMatchObject({ read: false, write: false });
    expect(ask.terms).toMatchObject({ client: '', urgency: 7 });
    expect(ask.traceparent).toBeUndefined();
  });

  test('is compared with its own, whichever of many it is', async () => {
    const verifying = new Verifying({ random: seededRandom(3) });
    const documents = Array.from({ length: 20 }, (_, i) => `document ${i}`);
    for (let i = 0; i < 10; i++) {
      await verifying.ask({ documents });
      await verifying.answer();
    }
    expect(verifying.verified).toEqual(Array.from({ length: 10 }, () => [MODEL, 0]));
    expect(new Set(verifying.upstream.calls.map(({ ask }) => ask.documents[0])).size).toBeGreaterThan(5);
  });
});

describe('nothing is compared', () => {
  test.each<[what: string, source: Source]>([
    ['is new', 'upstream'],
    ['another request’s call brought', 'joined'],
  ])('that %s', async (_, source) => {
    const verifying = new Verifying();
    verifying.source = source;
    await verifying.ask();
    expect(verifying.upstream.calls).toHaveLength(0);
  });

  test('that depends on the whole set anyway', async () => {
    const verifying = new Verifying();
    await verifying.ask({ whole: true });
    expect(verifying.upstream.calls).toHaveLength(0);
  });

  test('past its freshness: what is old may have changed', async () => {
    const verifying = new Verifying();
    verifying.over = { stale: true };
    await verifying.ask();
    expect(verifying.upstream.calls).toHaveLength(0);
  });

  test('at a rate of 0', async () => {
    const verifying = new Verifying({ rate: 0, random: () => 0.999_999 });
    await verifying.ask();
    expect(verifying.upstream.calls).toHaveLength(0);
  });

  test('when the new score cannot be had, and the next one is none the worse for it', async () => {
    const verifying = new Verifying();
    await verifying.ask({ documents: ['a'] });
    verifying.upstream.calls[0]!.fail(new RerankError('upstream_failed'));
    await turns();
    expect(verifying.verified).toEqual([]);
    await verifying.ask({ documents: ['b'] });
    expect(verifying.upstream.calls).toHaveLength(2);
  });
});
