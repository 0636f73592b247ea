import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/simulator/random.ts';
import { textsOf } from '../support/fakes.ts';
import { Verifying } from './verifying.ts';

/** As many documents, of a query that nobody has asked before. */
let asked = 0;
const some = (count: number) => ({
  query: `query ${asked++}`,
  items: Array.from({ length: count }, (_, i) => `document ${i}`),
});

describe('the share of cached pairs that is scored again', () => {
  test.each([
    { rate: 0.02, documents: 1 },
    { rate: 0.02, documents: 7 },
    { rate: 0.005, documents: 100 },
  ])('is the rate in the long run, however many an ask has: $documents', async ({ rate, documents }) => {
    const verifying = new Verifying({ rate, random: seededRandom(documents) });
    const asks = 20_000 / documents;
    for (let i = 0; i < asks; i++) {
      const before = verifying.upstream.calls.length;
      await verifying.ask(some(documents));
      // At once, so that none of them waits for the one before.
      if (verifying.upstream.calls.length > before) await verifying.answer();
    }
    const expected = rate * asks * documents;
    expect(verifying.upstream.calls.length).toBeGreaterThan(0.8 * expected);
    expect(verifying.upstream.calls.length).toBeLessThan(1.2 * expected);
  });

  test('counts what was answered elsewhere since the last ask', async () => {
    let elsewhere = 0;
    const unseen = (): number => {
      const values = elsewhere;
      elsewhere = 0;
      return values;
    };
    const verifying = new Verifying({ rate: 0.01, random: seededRandom(3), unseen });
    for (let i = 0; i < 500; i++) {
      elsewhere = 15;
      const before = verifying.upstream.calls.length;
      await verifying.ask(some(5));
      if (verifying.upstream.calls.length > before) await verifying.answer();
    }
    const sampled = verifying.upstream.calls.length;
    expect(sampled).toBeGreaterThan(0.7 * 100);
    expect(sampled).toBeLessThan(1.3 * 100);
  });

  test('gives each place of an ask the same chance', async () => {
    const verifying = new Verifying({ rate: 0.1, random: seededRandom(1) });
    const chosen = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      await verifying.ask(some(10));
      const [document = ''] = textsOf(verifying.upstream.calls.at(-1)!.ask);
      chosen.set(document, (chosen.get(document) ?? 0) + 1);
      await verifying.answer();
    }
    expect(chosen.size).toBe(10);
    for (const count of chosen.values()) {
      expect(count).toBeGreaterThan(140);
      expect(count).toBeLessThan(260);
    }
  });
});

describe('what was chosen', () => {
  test('is scored again one after the other, never two at once', async () => {
    const verifying = new Verifying();
    for (let i = 0; i < 5; i++) await verifying.ask(some(1));
    expect(verifying.upstream.calls).toHaveLength(1);
    await verifying.answer();
    await verifying.ask(some(1));
    expect(verifying.upstream.calls).toHaveLength(2);
  });

  test('waits until its model’s window has room to spare, and holds nobody else up', async () => {
    const spare = new Set(['idle']);
    const verifying = new Verifying({ spare: (model) => spare.has(model) });
    await verifying.ask({ ...some(1), model: 'busy' });
    expect(verifying.upstream.calls).toHaveLength(0);
    await verifying.ask({ ...some(1), model: 'idle' });
    expect(verifying.upstream.calls.map(({ ask }) => ask.model)).toEqual(['idle']);
    await verifying.answer();
    spare.add('busy');
    await verifying.ask({ ...some(1), model: 'idle' });
    expect(verifying.upstream.calls.map(({ ask }) => ask.model)).toEqual(['idle', 'busy']);
  });

  test('is forgotten rather than kept without bound', async () => {
    let room = false;
    const verifying = new Verifying({ spare: () => room });
    for (let i = 0; i < 100; i++) await verifying.ask(some(10));
    room = true;
    // From now on nothing new is chosen.
    verifying.source = 'upstream';
    for (let i = 0; i < 100; i++) {
      await verifying.ask(some(1));
      if (verifying.upstream.calls.length > verifying.verified.length) await verifying.answer();
    }
    expect(verifying.verified).toHaveLength(16);
  });

  test('keeps one pair of a request, and of long ones fewer', async () => {
    let room = false;
    const verifying = new Verifying({ spare: () => room });
    const long = 'x'.repeat(400_000);
    for (let i = 0; i < 10; i++) await verifying.ask({ query: `query ${i}`, items: [`${long}${i}`] });
    room = true;
    verifying.source = 'upstream';
    for (let i = 0; i < 20; i++) {
      await verifying.ask(some(1));
      if (verifying.upstream.calls.length > verifying.verified.length) await verifying.answer();
    }
    expect(verifying.verified).toHaveLength(2);
  });
});
