import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMBEDDINGS_DESCRIPTION } from '../../../src/endpoints/embeddings/description.ts';
import {
  ENCODINGS,
  INPUT_TYPES,
  MAX_INPUT_BYTES,
  MAX_INPUTS,
  parseRequest,
} from '../../../src/endpoints/embeddings/request.ts';
import { EMBEDDING_TYPES } from '../../../src/endpoints/embeddings/vector.ts';
import { fitting, mostly, testAgreement, testExamples } from '../described.ts';

const MODELS = ['cohere-embed-multilingual', 'cohere-embed-v4'];

const fits = fitting(EMBEDDINGS_DESCRIPTION, MODELS);
const described = fits(EMBEDDINGS_DESCRIPTION.request);

/** Why the parser refuses a body; undefined when it does not. */
const refusal = (value: unknown): string | undefined => {
  try {
    const { model } = parseRequest(Buffer.from(JSON.stringify(value))).request;
    return model === undefined || MODELS.includes(model) ? undefined : 'no such model';
  } catch (thrown) {
    return (thrown as Error).message;
  }
};

/** @returns whether both accept it */
const agree = (value: unknown): boolean => {
  const refused = refusal(value);
  const accepts = described(value);
  // Characters beyond ASCII: a schema counts them, the upstream their bytes.
  if (refused?.includes('bytes of UTF-8')) return false;
  expect(accepts, JSON.stringify({ value, refused, errors: described.errors })).toBe(refused === undefined);
  return accepts;
};

const text = fc.oneof(
  { weight: 30, arbitrary: fc.string({ unit: 'binary', minLength: 1 }) },
  fc.constantFrom(
    '',
    'a'.repeat(MAX_INPUT_BYTES),
    'a'.repeat(MAX_INPUT_BYTES + 1),
    'ä'.repeat(MAX_INPUT_BYTES / 2),
  ),
);
const short = fc.array(mostly(text, 40), { maxLength: 3 });
const long = fc.constantFrom(MAX_INPUTS, MAX_INPUTS + 1).map((length) => Array(length).fill('t'));

/** Most of these differ from a valid body in one field or none. */
const nearlyValid = fc.record(
  {
    model: mostly(fc.constantFrom(...MODELS, ...MODELS, '')),
    input: mostly(fc.oneof({ weight: 10, arbitrary: text }, { weight: 20, arbitrary: short }, long)),
    input_type: mostly(fc.constantFrom(...INPUT_TYPES, 'image')),
    encoding_format: mostly(fc.constantFrom(...Object.keys(ENCODINGS), 'hex')),
    embedding_type: mostly(fc.constantFrom(...EMBEDDING_TYPES, 'float64')),
    dimensions: mostly(fc.constantFrom(1, 1024, 1e300, 0, 1.5, '1')),
    user: fc.jsonValue(),
    ['__proto__']: fc.jsonValue(),
  },
  { requiredKeys: ['input'] },
);

describe('the schema of a request for embeddings accepts what the parser accepts, and nothing else:', () => {
  testAgreement(agree, nearlyValid, 3000);
});

describe('what no schema can say is refused by the parser:', () => {
  test.each([
    ['a text of more bytes than characters', 'ä'.repeat(MAX_INPUT_BYTES), 'bytes of UTF-8'],
    ['a text that is not valid Unicode', 'a\ud800', 'lone surrogate'],
  ])('%s', (_, input, message) => {
    expect([described({ input }), refusal({ input })]).toEqual([true, expect.stringContaining(message)]);
  });
});

describe('the examples', () => {
  testExamples(EMBEDDINGS_DESCRIPTION, MODELS[0]!, agree, fits(EMBEDDINGS_DESCRIPTION.response));
});
