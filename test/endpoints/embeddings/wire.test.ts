import { describe, expect, test } from 'vitest';
import { RerankError } from '../../../src/calls/errors.ts';
import { numbersOf } from '../../../src/endpoints/embeddings/vector.ts';
import { wire } from '../../../src/endpoints/embeddings/wire.ts';

const CALL = {
  model: 'm',
  query: '',
  items: ['a', 'b'],
  dependsOn: ['search_query', 'float'],
};

test('a request holds what Heroku documents and nothing else, and asks for base64', () => {
  expect(JSON.parse(String(wire.request(CALL)))).toEqual({
    model: 'm',
    input: ['a', 'b'],
    input_type: 'search_query',
    embedding_type: 'float',
    encoding_format: 'base64',
  });
});

const base64 = (...numbers: number[]): string =>
  Buffer.from(Float32Array.from(numbers).buffer).toString('base64');
const A = { object: 'embedding', index: 0, embedding: base64(1, 2) };
const B = { object: 'embedding', index: 1, embedding: base64(3, 4) };
const USAGE = { prompt_tokens: 7, total_tokens: 7 };

const read = (answer: unknown, call = CALL) =>
  wire.answer(typeof answer === 'string' ? answer : JSON.stringify(answer), call);

describe('an answer', () => {
  test.each([
    ['in order', [A, B]],
    ['in another order', [B, A]],
    ['of numbers', [{ ...A, embedding: [1, 2] }, B]],
  ])('%s gives each text its own vector, and its tokens', (_, data) => {
    const { values, spent } = read({ data, usage: USAGE });
    expect(values.map((vector) => [...numbersOf(vector)])).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(spent).toBe(7);
  });

  test('in numbers is rounded to float32', () => {
    const [vector] = read({ data: [{ ...A, embedding: [0.1, 0.2] }, B] }).values;
    expect([...numbersOf(vector!)]).toEqual([0.1, 0.2].map(Math.fround));
  });

  test('of bytes is read as what was asked for', () => {
    const call = { ...CALL, dependsOn: ['search_document', 'binary'] };
    const data = [
      { ...A, embedding: 'gAE=' },
      { ...B, embedding: [-128, 2] },
    ];
    expect(read({ data }, call).values.map((vector) => [...numbersOf(vector)])).toEqual([
      [-128, 1],
      [-128, 2],
    ]);
  });

  test.each([[undefined], [{}], [{ total_tokens: -1 }], [{ total_tokens: '7' }], [null]])(
    'whose usage is %j has cost nothing that we know of',
    (usage) => {
      expect(read({ data: [A, B], usage }).spent).toBe(0);
    },
  );

  test.each<[string, unknown]>([
    ['no JSON', '{"data": ['],
    ['null', null],
    ['a list', [A, B]],
    ['no list', { data: { 0: A, 1: B } }],
    ['too few', { data: [A] }],
    ['too many', { data: [A, B, { ...B, index: 2 }] }],
    ['the same text twice', { data: [A, A] }],
    ['an index too large', { data: [A, { ...B, index: 2 }] }],
    ['an index below 0', { data: [A, { ...B, index: -1 }] }],
    ['an index that is no whole number', { data: [A, { ...B, index: 0.5 }] }],
    ['an index that is a text', { data: [A, { ...B, index: '1' }] }],
    ['no index', { data: [A, { embedding: B.embedding }] }],
    ['null for a vector', { data: [A, null] }],
    ['no vector', { data: [A, { ...B, embedding: undefined }] }],
    [
      'an empty vector',
      {
        data: [
          { ...A, embedding: [] },
          { ...B, embedding: [] },
        ],
      },
    ],
    [
      'an empty text',
      {
        data: [
          { ...A, embedding: '' },
          { ...B, embedding: '' },
        ],
      },
    ],
    ['vectors of different lengths', { data: [A, { ...B, embedding: base64(3) }] }],
    ['letters that are no base64', { data: [A, { ...B, embedding: `!${B.embedding.slice(1)}` }] }],
    ['base64 of half a number', { data: [A, { ...B, embedding: 'AAA=' }] }],
    ['base64 that was cut', { data: [A, { ...B, embedding: B.embedding.slice(0, -1) }] }],
    ['a number that is none', { data: [A, { ...B, embedding: base64(3, Number.NaN) }] }],
    ['infinity', { data: [A, { ...B, embedding: base64(3, Number.POSITIVE_INFINITY) }] }],
    ['a number too large', '{"data": [{"index":0,"embedding":[1,1e999]},{"index":1,"embedding":[1,2]}]}'],
    ['null among its numbers', { data: [A, { ...B, embedding: [3, null] }] }],
    ['lists of numbers', { data: [A, { ...B, embedding: [[3, 4]] }] }],
  ])('with %s is none', (_, answer) => {
    expect(() => read(answer)).toThrow(RerankError);
  });
});
