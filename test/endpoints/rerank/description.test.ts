import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RERANK_DESCRIPTION } from '../../../src/endpoints/rerank/description.ts';
import { MAX_DOCUMENTS } from '../../../src/endpoints/rerank/request.ts';
import { fitting, mostly, testAgreement, testExamples } from '../described.ts';
import { body, parse, type Read } from './bodies.ts';

const MODELS = ['cohere-rerank-3-5', 'amazon-rerank-1-0'];

const fits = fitting(RERANK_DESCRIPTION, MODELS);
const described = fits(RERANK_DESCRIPTION.request);

type Verdict = { readonly read: Read } | { readonly refused: string };

const parsed = (value: unknown): Verdict => {
  try {
    const read = parse(JSON.stringify(value));
    const served = read.model === undefined || MODELS.includes(read.model);
    return served ? { read } : { refused: 'no such model' };
  } catch (thrown) {
    return { refused: (thrown as Error).message };
  }
};

/** What only the parser sees: objects of which it is told elsewhere in the body which fields count. */
const isOfRankFields = (message: string): boolean => /has no text|has a ranked field/.test(message);

const ranks = (value: unknown): boolean => {
  const { rank_fields: fields } = (value ?? {}) as { rank_fields?: unknown };
  return Array.isArray(fields) && fields.length > 0;
};

/** @returns whether both accept it */
const agree = (value: unknown): boolean => {
  const verdict = parsed(value);
  const accepts = described(value);
  if ('refused' in verdict && ranks(value) && isOfRankFields(verdict.refused)) return false;
  expect(accepts, JSON.stringify({ value, verdict, errors: described.errors })).toBe('read' in verdict);
  return accepts;
};

const blanks = [' ', '\t', '\u00a0', '\u2003', '\ufeff', '\u0085', '\u200b', '\u180e', ''];
const text = fc.oneof(
  { weight: 20, arbitrary: fc.string({ unit: 'binary', minLength: 1 }) },
  fc.string({ unit: fc.constantFrom(...blanks) }),
);
const scalar = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
const names = fc.constantFrom('text', 'a', 'b', '__proto__');
const object = fc.oneof(
  fc.dictionary(names, mostly(scalar)),
  fc.tuple(scalar, fc.dictionary(names, mostly(scalar))).map(([text, more]) => ({ ...more, text })),
);
const short = fc.array(mostly(fc.oneof(text, object), 60), { maxLength: 3 });
const long = fc.constantFrom(MAX_DOCUMENTS, MAX_DOCUMENTS + 1).map((length) => Array(length).fill('d'));
const documents = fc.oneof({ weight: 20, arbitrary: short }, long);
const count = fc.oneof(
  fc.integer({ min: -1, max: 4 }),
  fc.constantFrom(1.5, 1e300, Number.MAX_VALUE, 2 ** 53, '1'),
);
const fields = fc.oneof(
  fc.array(names, { maxLength: 4 }),
  fc.constantFrom(Array(100).fill('a'), Array(101).fill('a')),
);

/** Most of these differ from a valid body in one field or none. */
const nearlyValid = fc.record(
  {
    model: mostly(fc.constantFrom(...MODELS, ...MODELS, '')),
    query: mostly(text),
    documents: mostly(documents),
    texts: mostly(documents, 4),
    top_n: mostly(count),
    top_k: mostly(count, 4),
    return_documents: mostly(fc.constantFrom(true, false, 'true', 'false', 'True', 1)),
    rank_fields: mostly(fields, 6),
    priority: fc.jsonValue(),
    constructor: fc.jsonValue(),
    ['__proto__']: fc.jsonValue(),
  },
  { requiredKeys: ['query'] },
);

describe('the schema of a rerank request accepts what the parser accepts, and nothing else:', () => {
  testAgreement(agree, nearlyValid, 4000);

  test.each([' ', '\u00a0', '\ufeff', '\u0085', '\u200b'])('a query of %j, blank or not', (query) => {
    agree(body({ query }));
  });

  test('whatever is in the other name of a field that is there', () => {
    expect(agree(body({ texts: 7, top_n: 1, top_k: 'x' }))).toBe(true);
    expect(agree(body({ documents: null, texts: ['a'], top_k: 1 }))).toBe(true);
    expect(agree(body({ documents: [], texts: ['a'] }))).toBe(false);
    expect(agree(body({ top_k: 0 }))).toBe(false);
  });
});

describe('what no schema can say is refused by the parser:', () => {
  test('an object without a text in the fields that `rank_fields` names', () => {
    const value = body({ documents: [{ title: 'a' }], rank_fields: ['body'] });
    expect([described(value), parsed(value)]).toEqual([
      true,
      { refused: expect.stringContaining('no text') },
    ]);
  });

  test('a text that is not valid Unicode', () => {
    const value = body({ query: 'a\ud800' });
    expect([described(value), parsed(value)]).toEqual([
      true,
      { refused: expect.stringContaining('lone surrogate') },
    ]);
  });
});

describe('the examples', () => {
  testExamples(RERANK_DESCRIPTION, MODELS[0]!, agree, fits(RERANK_DESCRIPTION.response));
});

test('each field that is said to be ignored is, and the answer says so', () => {
  const { properties } = RERANK_DESCRIPTION.schemas(MODELS).RerankRequest as {
    properties: Record<string, { description?: string }>;
  };
  const ignored = Object.keys(properties).filter((name) =>
    properties[name]!.description?.startsWith('Ignored'),
  );
  const verdict = parsed(body(Object.fromEntries(ignored.map((name) => [name, 1]))));
  expect(verdict).toMatchObject({ read: { warnings: ignored.map((name) => `${name} is ignored`) } });
});
