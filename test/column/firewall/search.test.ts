import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ItemCall, Service } from '../../../src/calls/call.ts';
import { RerankError } from '../../../src/calls/errors.ts';
import { FirewallRefusal } from '../../../src/calls/firewall-refusal.ts';
import { search } from '../../../src/column/firewall/search.ts';
import { aCall, failure, scoresOf, textsOf } from '../../support/fakes.ts';

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `document ${i}`);

/** An upstream behind a firewall, with a cache in front: what was scored once is never asked again. */
const behind = (isAttack: (documents: readonly string[]) => boolean) => {
  const scored = new Set<string>();
  const calls: (readonly string[])[] = [];
  const inner: Service = {
    async answer(ask) {
      const rest = textsOf(ask).filter((document) => !scored.has(document));
      if (rest.length > 0) {
        calls.push(rest);
        if (isAttack(rest)) throw refusalOf(ask, rest);
        for (const document of rest) scored.add(document);
      }
      return scoresOf(ask);
    },
  };
  return { inner, calls, scored };
};

const refusalOf = ({ items: documents, identity }: ItemCall, held: readonly string[]): FirewallRefusal =>
  new FirewallRefusal(identity.digests.subset(held.map((document) => documents.indexOf(document))));

const find = async (ask: ItemCall, isAttack: (documents: readonly string[]) => boolean) => {
  const upstream = behind(isAttack);
  const refusal = (await failure(upstream.inner.answer(ask))) as FirewallRefusal;
  const { blame } = await search(upstream.inner, ask, refusal);
  return { ...upstream, blame };
};

describe('the search for what a firewall refuses', () => {
  test('finds one of a thousand with a call for each half, and leaves all the others scored', async () => {
    const ask = aCall({ items: many(1000) });
    const { blame, calls, scored } = await find(ask, (documents) => documents.includes('document 617'));
    expect(blame).toEqual({ of: 'items', places: [617], suspects: [] });
    expect(calls.length).toBeLessThanOrEqual(1 + 2 * 10);
    expect(scored.size).toBe(999);
  });

  test('blames the query when nothing passes with it, whatever the documents', async () => {
    for (const count of [1, 2, 3, 1000]) {
      const { blame, calls } = await find(aCall({ items: many(count) }), () => true);
      expect(blame).toEqual({ of: 'query' });
      expect(calls.length).toBeLessThanOrEqual(4);
    }
  });

  test('blames the only document, not the query, when another one passes with it', async () => {
    const { blame } = await find(aCall({ items: ['x'] }), (documents) => documents.includes('x'));
    expect(blame).toEqual({ of: 'items', places: [0], suspects: [] });
  });

  test('looks only among the documents that the refused call held', async () => {
    const ask = aCall({ items: many(100) });
    const { inner, calls } = behind((documents) => documents.includes('document 50'));
    await inner.answer(aCall({ items: many(50) }));
    await inner.answer(aCall({ items: many(100).slice(51) }));
    calls.length = 0;
    const refusal = (await failure(inner.answer(ask))) as FirewallRefusal;
    const { blame } = await search(inner, ask, refusal);
    expect(blame).toEqual({ of: 'items', places: [50], suspects: [] });
    // The document's own call, and one to see whether the query is at fault.
    expect(calls).toHaveLength(2);
  });

  test('blames exactly what is refused, and has everything else scored, for any few documents', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.nat(199), { minLength: 1, maxLength: 3 }),
        async (count, picks) => {
          const bad = new Set(picks.map((pick) => `document ${pick % count}`));
          const ask = aCall({ items: many(count) });
          const { blame, scored } = await find(ask, (documents) => documents.some((each) => bad.has(each)));
          const places = [...ask.items.keys()].filter((place) => bad.has(ask.items[place]!));
          expect(blame).toEqual({ of: 'items', places, suspects: [] });
          for (const document of ask.items) expect(scored.has(document)).toBe(!bad.has(document));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('ends when too much is refused, with what it has found, and blames nothing that passes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 1000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (count, share) => {
          const bad = (document: string): boolean =>
            (Number(document.slice(9)) * 0.618) % 1 <= share && document.startsWith('document ');
          const documents = many(count);
          if (!documents.some(bad)) return;
          const { blame, calls, scored } = await find(aCall({ items: documents }), (all) => all.some(bad));
          expect(calls.length).toBeLessThanOrEqual(52);
          expect(blame.of).toBe('items');
          if (blame.of !== 'items') return;
          for (const place of blame.places) expect(bad(documents[place]!)).toBe(true);
          const told = new Set([...blame.places, ...blame.suspects]);
          for (const [place, document] of documents.entries()) {
            expect(told.has(place) || scored.has(document)).toBe(true);
          }
          expect(blame.places.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('ends with the failure that a call on the way ends in', async () => {
    const ask = aCall({ items: many(10) });
    let calls = 0;
    const inner: Service = {
      async answer() {
        calls++;
        throw new RerankError('deadline');
      },
    };
    const thrown = await failure(search(inner, ask, new FirewallRefusal(ask.identity.digests)));
    expect(thrown.kind).toBe('deadline');
    expect(calls).toBe(2);
  });
});
