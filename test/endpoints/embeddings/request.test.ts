import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RerankError } from '../../../src/calls/errors.ts';
import { textOf } from '../../../src/calls/item.ts';
import { EMBEDDINGS_API } from '../../../src/endpoints/embeddings/api.ts';
import { MAX_INPUT_BYTES, MAX_INPUTS, parseRequest } from '../../../src/endpoints/embeddings/request.ts';

const ALWAYS = 0;
const NEVER = Number.POSITIVE_INFINITY;

const parse = (body: unknown, slicedFrom = NEVER) =>
  parseRequest(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), slicedFrom).request;

/** All that a request says, or how it is refused; any other error fails the test. */
const outcome = (body: unknown, slicedFrom = NEVER) => {
  try {
    const { distinct, ...said } = parse(body, slicedFrom);
    const { items, digests, positions } = distinct();
    return { ...said, items: items.map(textOf), digests: [...digests.words], positions: [...positions] };
  } catch (thrown) {
    if (!(thrown instanceof RerankError) || thrown.kind !== 'invalid_request') throw thrown;
    return { message: thrown.message, param: thrown.param };
  }
};

describe('a request', () => {
  test('of one text is one for search_document, float32 and numbers, unless it says otherwise', () => {
    expect(outcome({ model: 'm', input: 'a' })).toMatchObject({
      model: 'm',
      items: ['a'],
      inputType: 'search_document',
      embeddingType: 'float',
      encoding: 'float',
      dimensions: undefined,
    });
    const all = {
      input_type: 'clustering',
      embedding_type: 'ubinary',
      encoding_format: 'base64',
      dimensions: 9,
    };
    expect(outcome({ input: ['a'], ...all })).toMatchObject({
      inputType: 'clustering',
      embeddingType: 'ubinary',
      encoding: 'base64',
      dimensions: 9,
    });
    expect(outcome({ input: 'a', encoding_format: 'raw' })).toMatchObject({ encoding: 'float' });
  });

  test('of a string is that of a list with this string, and duplicates are one item', () => {
    expect(outcome({ input: ['a'] })).toEqual(outcome({ input: 'a' }));
    expect(outcome({ input: ['a', 'b', 'a'] })).toMatchObject({ items: ['a', 'b'], positions: [0, 1, 0] });
  });

  test('may hold null for a field that was never set, and fields that nobody knows', () => {
    const nulls = {
      input_type: null,
      embedding_type: null,
      encoding_format: null,
      dimensions: null,
      model: null,
    };
    expect(outcome({ input: 'a', ...nulls, user: 'me', truncate: 'END' })).toEqual(outcome({ input: 'a' }));
  });

  test('may be as large as it can be', () => {
    const input = Array.from({ length: MAX_INPUTS }, (_, i) =>
      String(i).padEnd(MAX_INPUT_BYTES, 'ü').slice(0, 1024),
    );
    expect(outcome({ input })).toMatchObject({ count: MAX_INPUTS });
  });

  test.each<[unknown, string | undefined]>([
    ['nonsense', undefined],
    ['[]', undefined],
    [{}, 'input'],
    [{ input: 5 }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: Array(2049).fill('a') }, 'input'],
    [{ input: '' }, 'input'],
    [{ input: ['a', ''] }, 'input[1]'],
    [{ input: ['a', 'b', 3] }, 'input[2]'],
    [{ input: [[1, 2]] }, 'input[0]'],
    [{ input: ['a', 'ü'.repeat(1025)] }, 'input[1]'],
    [{ input: 'a'.repeat(2049) }, 'input'],
    [{ input: '\ud800' }, 'input'],
    [{ input: 'a', model: 1 }, 'model'],
    [{ input: 'a', input_type: 'document' }, 'input_type'],
    [{ input: 'a', encoding_format: 'hex' }, 'encoding_format'],
    [{ input: 'a', embedding_type: 'float16' }, 'embedding_type'],
    [{ input: 'a', dimensions: 1.5 }, 'dimensions'],
    [{ input: 'a', dimensions: '1024' }, 'dimensions'],
  ])('like %.60j is refused, and the field is named', (body, param) => {
    expect(outcome(body)).toMatchObject({ param, message: expect.any(String) });
  });

  test('that relies on the model’s own number of dimensions is right, on another it is refused', () => {
    const check = (dimensions: number | null, model: string) =>
      EMBEDDINGS_API.check!(parse({ input: 'a', dimensions }), model);
    check(null, 'any');
    check(1024, 'cohere-embed-multilingual');
    check(1536, 'cohere-embed-v4');
    for (const [dimensions, model] of [
      [512, 'cohere-embed-multilingual'],
      [1024, 'any'],
    ] as const) {
      expect(() => check(dimensions, model)).toThrow(expect.objectContaining({ param: 'dimensions' }));
    }
  });
});

describe('parsing makes a sound request of a body, or refuses it as invalid, and does nothing else:', () => {
  test('any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => void outcome(Buffer.from(bytes).toString('latin1')),
      ),
    );
  });

  const text = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '😀', '{', ']', ',', ':') }),
    },
    fc.string({ unit: 'binary' }),
    fc.string({ minLength: 2040, maxLength: 2050, unit: fc.constant('x') }),
  );
  const field = fc.oneof(
    fc.record({ model: fc.oneof(text, fc.constant(null)) }),
    fc.record({ input_type: fc.constantFrom('search_query', 'classification', 'x', null) }),
    fc.record({ encoding_format: fc.constantFrom('float', 'raw', 'base64', 1) }),
    fc.record({ embedding_type: fc.constantFrom('int8', 'binary', '') }),
    fc.record({ dimensions: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.double()) }),
    fc.record({ user: fc.jsonValue() }),
    fc.constant({}),
  );
  const bodies = fc
    .tuple(
      field,
      fc.array(fc.oneof({ weight: 30, arbitrary: text }, fc.jsonValue()), { maxLength: 6 }),
      field,
    )
    .map(([before, input, after]) => ({ ...before, input, ...after }));

  test('any that is nearly right, the same with its texts as slices and without', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        expect(outcome(body, ALWAYS)).toEqual(outcome(body, NEVER));
      }),
      { numRuns: 500 },
    );
  });
});
