import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isExact, unmarked } from '../../src/json/exact-numbers.ts';
import { parse } from '../endpoints/rerank/bodies.ts';

const parsed = (documents: string, more = '') => parse(`{"query":"q","documents":${documents}${more}}`);

describe('a number in a document', () => {
  test.each([
    '1610521604143693812',
    '1610521604143693813',
    '4.0',
    '12.50',
    '-0',
    '1e400',
    '1E5',
    '0.1',
    '123456789012345678901234567890.123456789',
    '1e-7',
    '7',
  ])('is scored and returned digit by digit: %s', (number) => {
    const { texts, originals } = parsed(
      `[{"sku":${number}}]`,
      ',"rank_fields":["sku"],"return_documents":true',
    );
    expect(texts).toEqual([number]);
    expect(unmarked(JSON.stringify(originals))).toBe(`[{"sku":${number}}]`);
  });

  test('two of which a double makes one are two texts', () => {
    const { texts } = parsed(
      '[{"sku":1610521604143693812},{"sku":1610521604143693813}]',
      ',"rank_fields":["sku"]',
    );
    expect(new Set(texts).size).toBe(2);
  });

  test('is exact also where the name of the list is written with escapes', () => {
    const body = '{"query":"q","docum\\u0065nts":[{"text":1.50}]}';
    expect(parse(body).texts).toEqual(['1.50']);
  });

  test('is exact wherever it stands in what is returned', () => {
    const text = '{"text":"a","deep":[1.0,{"b":[9007199254740993]}],"n":1.10}';
    const { originals } = parsed(`[${text}]`, ',"return_documents":true');
    expect(unmarked(JSON.stringify(originals))).toBe(`[${text}]`);
  });

  test('of any value and any writing comes back as it was sent', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 25 });
    const number = fc
      .tuple(
        fc.boolean(),
        digits,
        fc.option(digits),
        fc.option(fc.tuple(fc.constantFrom('e', 'E-', 'e+'), digits)),
      )
      .map(([minus, whole, fraction, exponent]) => {
        const int = whole.replace(/^0+(?=\d)/, '');
        return `${minus ? '-' : ''}${int}${fraction === null ? '' : `.${fraction}`}${exponent?.join('') ?? ''}`;
      });
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 5 }), fc.string(), (numbers, word) => {
        const document = `{"text":${JSON.stringify(`x${word}`)},"n":[${numbers.join(',')}],"one":${numbers[0]}}`;
        const { texts, originals } = parsed(
          `[${document}]`,
          ',"rank_fields":["one","text"],"return_documents":true',
        );
        expect(texts).toEqual([`${numbers[0]}\nx${word}`]);
        expect(unmarked(JSON.stringify(originals))).toBe(`[${document}]`);
      }),
    );
  });
});

test('outside of documents numbers are what they are, and a number too long to be one is refused', () => {
  expect(parsed('["a","b","c"]', ',"top_n":2.0').topN).toBe(2);
  expect(() => parsed('[{"text":01.50}]')).toThrow('not valid JSON');
  expect(() => parsed('[{"text":1.}]')).toThrow('not valid JSON');
});

test('what is no number is nothing to keep', () => {
  for (const token of ['true', 'nul', '01', '1.', '', '-', 'NaN', 'Infinity'])
    expect(isExact(token)).toBe(true);
});
