import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lexicalScores } from '../../src/simulator/lexical.ts';

const word = fc.constantFrom(
  'dyno',
  'sleep',
  'postgres',
  'router',
  'queue',
  'the',
  'a',
  'größe',
  '東京',
  'x',
);
const prose = fc.array(word, { minLength: 1, maxLength: 30 }).map((all) => all.join(' '));
const text = fc.oneof(
  prose,
  fc.string({ minLength: 1, unit: 'grapheme' }),
  fc.string({ minLength: 1, unit: 'binary' }),
);
const texts = fc.array(text, { minLength: 1, maxLength: 20 });
const mode = fc.constantFrom('pointwise' as const, 'listwise' as const);

describe('both modes', () => {
  test('every score is between 0 and 1, one for each document', () => {
    fc.assert(
      fc.property(text, texts, mode, (query, documents, mode) => {
        const scores = lexicalScores(query, documents, mode);
        expect(scores).toHaveLength(documents.length);
        for (const score of scores) expect(score >= 0 && score <= 1).toBe(true);
      }),
    );
  });

  test('the order of the documents moves scores along and changes no bit of them', () => {
    const shuffled = texts.chain((documents) =>
      fc.tuple(
        fc.constant(documents),
        fc.shuffledSubarray([...documents.keys()], { minLength: documents.length }),
      ),
    );
    fc.assert(
      fc.property(text, shuffled, mode, (query, [documents, order], mode) => {
        const scores = lexicalScores(query, documents, mode);
        const moved = lexicalScores(
          query,
          order.map((i) => documents[i]!),
          mode,
        );
        expect(moved).toEqual(order.map((i) => scores[i]));
      }),
    );
  });

  test('duplicates get the same score and change no other', () => {
    fc.assert(
      fc.property(text, texts, mode, (query, documents, mode) => {
        const scores = lexicalScores(query, documents, mode);
        expect(lexicalScores(query, [...documents, ...documents], mode)).toEqual([...scores, ...scores]);
      }),
    );
  });

  test('a document with the words of the query stands above one without, whatever its case', () => {
    for (const mode of ['pointwise', 'listwise'] as const) {
      const [without, exact, shouted] = lexicalScores(
        'dyno sleep',
        ['about postgres', 'a dyno may sleep', 'A DYNO MAY SLEEP'],
        mode,
      );
      expect(exact).toBeGreaterThan(without!);
      expect(shouted).toBeGreaterThan(without!);
    }
  });

  test('different documents get different scores, even without a word of the query', () => {
    const documents = Array.from({ length: 1000 }, (_, i) => `paragraph number ${i}`);
    for (const mode of ['pointwise', 'listwise'] as const) {
      expect(new Set(lexicalScores('unrelated', documents, mode)).size).toBe(1000);
    }
  });

  test('a query of punctuation still gets scores', () => {
    expect(lexicalScores('???', ['a'], 'pointwise')[0]).toBeLessThan(0.001);
    expect(lexicalScores('???', ['a'], 'listwise')[0]).toBeLessThan(0.001);
  });
});

describe('pointwise', () => {
  test('a score depends on nothing but the query and its own document', () => {
    fc.assert(
      fc.property(text, text, texts, texts, (query, document, before, after) => {
        const alone = lexicalScores(query, [document], 'pointwise')[0];
        const among = lexicalScores(query, [...before, document, ...after], 'pointwise')[before.length];
        expect(among).toBe(alone);
      }),
    );
  });

  test('another query gives another score', () => {
    const [document] = ['a dyno may sleep'];
    expect(lexicalScores('dyno', [document!], 'pointwise')).not.toEqual(
      lexicalScores('postgres', [document!], 'pointwise'),
    );
  });
});

describe('listwise', () => {
  test('a new companion changes the scores of the others', () => {
    fc.assert(
      fc.property(text, texts, text, (query, documents, companion) => {
        fc.pre(!documents.includes(companion));
        const without = lexicalScores(query, documents, 'listwise');
        const among = lexicalScores(query, [...documents, companion], 'listwise');
        for (const [i, score] of without.entries()) expect(among[i]).not.toBe(score);
      }),
    );
  });

  test('companions can turn the order of two documents round', () => {
    const documents = ['dyno dyno', 'sleep sleep'];
    const query = 'dyno sleep';
    const amongDynos = lexicalScores(query, [...documents, 'dyno one', 'dyno two'], 'listwise');
    const amongSleeps = lexicalScores(query, [...documents, 'sleep one', 'sleep two'], 'listwise');
    expect(amongDynos[0]).toBeLessThan(amongDynos[1]!);
    expect(amongSleeps[0]).toBeGreaterThan(amongSleeps[1]!);
  });
});
