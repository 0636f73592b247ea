import { describe, expect, test } from 'vitest';
import type { Source } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { aCall, scoreOf, turns } from '../support/fakes.ts';
import { Verifying } from './verifying.ts';

const MODEL = 'cohere-rerank-3-5';

describe('a score from a cache', () => {
  test.each<[Source]>([['memory'], ['redis']])(
    '(%s) is compared with a new one, after its answer',
    async (source) => {
      const verifying = new Verifying();
      verifying.source = source;
      const { values } = await verifying.ask({ query: 'q', items: ['a'] });
      expect([...values]).toEqual([scoreOf('q', 'a')]);
      expect(verifying.verified).toEqual([]);
      await verifying.answer(Float64Array.of(scoreOf('q', 'a') + 0.25));
      await verifying.answer();
      const [[model, difference]] = verifying.verified as [[string, number]];
      expect(model).toBe(MODEL);
      expect(difference).toBeCloseTo(0.25, 12);
    },
  );

  test('differs by as much when the new one is less', async () => {
    const verifying = new Verifying();
    await verifying.ask({ query: 'q', items: ['a'] });
    await verifying.answer(Float64Array.of(scoreOf('q', 'a') - 0.25));
    await verifying.answer();
    expect(verifying.verified[0]![1]).toBeCloseTo(0.25, 12);
  });

  test('that is the same does not differ at all', async () => {
    const verifying = new Verifying();
    await verifying.ask({ items: ['a'] });
    await verifying.answer();
    expect(verifying.verified).toEqual([[MODEL, 0]]);
  });

  test('is asked for alone, for nobody, and leaves no trace', async () => {
    const verifying = new Verifying();
    await verifying.ask({ items: ['a', 'b', 'c'], traceparent: '00-t' });
    expect(verifying.upstream.calls).toHaveLength(1);
    const { ask } = verifying.upstream.calls[0]!;
    const { items: documents } = ask;
    expect(documents).toHaveLength(1);
    expect(ask.identity.digests.numbers).toEqual(aCall({ items: documents }).identity.digests.numbers);
    expect(ask.cache).toMatchObject({ read: false, write: false });
    expect(ask.terms).toMatchObject({ client: '', urgency: 7 });
    expect(ask.traceparent).toBeUndefined();
  });

  test('is compared with its own, whichever of many it is', async () => {
    const verifying = new Verifying({ random: seededRandom(3) });
    const documents = Array.from({ length: 20 }, (_, i) => `document ${i}`);
    for (let i = 0; i < 10; i++) {
      await verifying.ask({ items: documents });
      await verifying.answer();
    }
    expect(verifying.verified).toEqual(Array.from({ length: 10 }, () => [MODEL, 0]));
    expect(new Set(verifying.upstream.calls.map(({ ask }) => ask.items[0])).size).toBeGreaterThan(5);
  });
});

describe('a score that is not the cached one any more', () => {
  const off = scoreOf('q', 'a') + 0.25;

  /** Among other documents; of those nothing is used. */
  const among = (score: number): Float64Array => Float64Array.of(score, 0.1, 0.2);

  test('is asked for once more, among other documents than its own companions, for nobody', async () => {
    const verifying = new Verifying({ random: () => 0 });
    await verifying.ask({ query: 'q', items: ['a', 'SECRET OF ANOTHER'] });
    await verifying.answer(Float64Array.of(off));
    const { ask } = verifying.upstream.calls[1]!;
    expect(ask.items).toHaveLength(3);
    expect(ask.items.slice(0, 2)).toEqual(['a', 'q']);
    expect(ask.items).not.toContain('SECRET OF ANOTHER');
    expect(ask.cache).toMatchObject({ read: false, write: false });
    expect(ask.terms).toMatchObject({ client: '', urgency: 7 });
  });

  test('says that the model has changed when it is the same among others', async () => {
    const verifying = new Verifying();
    await verifying.ask({ query: 'q', items: ['a'] });
    await verifying.answer(Float64Array.of(off));
    await verifying.answer(among(off));
    expect([verifying.verified, verifying.changed]).toEqual([[], [[MODEL, 0.25]]]);
  });

  test('says that it depends on companions when it is another among others', async () => {
    const verifying = new Verifying();
    await verifying.ask({ query: 'q', items: ['a'] });
    await verifying.answer(Float64Array.of(off));
    await verifying.answer(among(off + 0.1));
    expect([verifying.verified, verifying.changed]).toEqual([[[MODEL, 0.25]], []]);
  });

  test('says nothing when others need the room that a second call would take', async () => {
    let room = true;
    const verifying = new Verifying({ spare: () => room });
    await verifying.ask({ query: 'q', items: ['a'] });
    room = false;
    await verifying.answer(Float64Array.of(off));
    expect(verifying.upstream.calls).toHaveLength(1);
    expect([verifying.verified, verifying.changed]).toEqual([[], []]);
  });

  test('that is the document itself is not sent twice', async () => {
    const verifying = new Verifying();
    await verifying.ask({ query: 'q', items: ['q'] });
    await verifying.answer(Float64Array.of(7));
    expect(verifying.upstream.calls[1]!.ask.items).toHaveLength(2);
  });
});

describe('a sample from before a purge', () => {
  test('that still waits is dropped, and its model’s next one is compared', async () => {
    let [version, room] = [1, false];
    const verifying = new Verifying({ spare: () => room, versionOf: () => version });
    await verifying.ask({ items: ['old'] });
    version = 2;
    room = true;
    await verifying.ask({ items: ['new'] });
    expect(verifying.upstream.calls.map(({ ask }) => ask.items)).toEqual([['new']]);
  });

  test.each([1, 2])('is dropped when the purge comes during its call number %i', async (call) => {
    let version = 1;
    const verifying = new Verifying({ versionOf: () => version });
    await verifying.ask({ query: 'q', items: ['a'] });
    if (call === 2) await verifying.answer(Float64Array.of(0.9));
    version = 2;
    await verifying.answer(Float64Array.of(0.1));
    expect([verifying.verified, verifying.changed]).toEqual([[], []]);
    expect(verifying.upstream.calls).toHaveLength(call);
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
    await verifying.ask({ items: ['a'] });
    verifying.upstream.calls[0]!.fail(new RerankError('upstream_failed'));
    await turns();
    expect(verifying.verified).toEqual([]);
    await verifying.ask({ items: ['b'] });
    expect(verifying.upstream.calls).toHaveLength(2);
  });
});
