import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RerankError } from '../../../src/calls/errors.ts';
import { MAX_DOCUMENTS, validate } from '../../../src/endpoints/rerank/request.ts';
import { parse, type Read, read } from './bodies.ts';

/** A request, or the message of the only error there may be; any other error fails the test. */
const attempt = (run: () => Read): Read | string => {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof RerankError)) throw thrown;
    expect(thrown.kind).toBe('invalid_request');
    return thrown.message;
  }
};

const expectSound = (outcome: Read | string): void => {
  if (typeof outcome === 'string') return;
  const { query, texts, originals, returnDocuments, topN, model } = outcome;
  expect(query.trim()).not.toBe('');
  expect(query.isWellFormed()).toBe(true);
  expect(texts.length).toBeGreaterThanOrEqual(1);
  expect(texts.length).toBeLessThanOrEqual(MAX_DOCUMENTS);
  expect(originals).toHaveLength(returnDocuments ? texts.length : 0);
  expect(texts.every((text) => text !== '' && text.isWellFormed())).toBe(true);
  expect(Number.isInteger(topN) && topN >= 1 && topN <= texts.length).toBe(true);
  expect(model).not.toBe('');
};

/** Mostly `usual`, at times any JSON value. */
const mostly = (usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 19, arbitrary: usual }, { weight: 1, arbitrary: fc.jsonValue() });

const text = fc.oneof(
  { weight: 9, arbitrary: fc.string({ unit: 'binary', minLength: 1 }) },
  fc.string({ unit: fc.constantFrom('\ud800', 'a', ' ') }),
);
const fields = fc.constantFrom('text', 'a', 'b', '__proto__');
const object = fc.tuple(text, fc.dictionary(fields, mostly(text))).map(([text, more]) => ({ text, ...more }));

/** Most of these differ from a valid body in one field or none. */
const nearlyValid = fc.record(
  {
    model: mostly(fc.constant('m')),
    query: mostly(text),
    documents: mostly(fc.array(mostly(fc.oneof(text, object)), { minLength: 1, maxLength: 3 })),
    top_n: mostly(fc.integer({ min: 0, max: 9 })),
    return_documents: mostly(fc.boolean()),
    rank_fields: mostly(fc.array(fields, { maxLength: 4 })),
    priority: fc.jsonValue(),
    ['__proto__']: fc.jsonValue(),
  },
  { requiredKeys: ['query', 'documents'] },
);

describe('validation makes a sound request of a body, or refuses it as invalid, and does nothing else:', () => {
  test('any string', () => {
    const strings = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.json());
    fc.assert(fc.property(strings, (body) => expectSound(attempt(() => parse(body)))));
  });

  test('any JSON value', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expectSound(attempt(() => validate(value)))));
  });

  test('anything at all that has a JSON form', () => {
    const anything = fc.anything({
      withNullPrototype: true,
      withDate: true,
      withMap: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const json = JSON.stringify(value);
        if (json !== undefined) expectSound(attempt(() => parse(json)));
      }),
    );
  });

  test('bodies that are nearly valid', () => {
    let valid = 0;
    fc.assert(
      fc.property(nearlyValid, (body) => {
        const outcome = attempt(() => parse(JSON.stringify(body)));
        if (typeof outcome !== 'string') valid++;
        expectSound(outcome);
      }),
      { numRuns: 500 },
    );
    // Far fewer than there are, or the property would mostly look at refusals.
    expect(valid).toBeGreaterThan(50);
  });
});

test('a refusal never repeats what the body holds', () => {
  const secret = 'SECRETTEXT';
  const places = fc.constantFrom('model', 'query', 'documents', 'top_n', 'return_documents', 'rank_fields');
  const wrap = fc.constantFrom(
    (value: unknown) => value,
    (value: unknown) => [value],
    (value: unknown) => [[value]],
    (value: unknown) => [{ [secret]: value }],
    (value: unknown) => ({ [secret]: value }),
  );
  const values = fc.constantFrom(secret, `${secret}\ud800`, { text: `${secret}\udc00` }, ['', secret]);
  fc.assert(
    fc.property(places, wrap, values, (name, wrapped, value) => {
      const body = { query: 'q', documents: ['d'], [name]: wrapped(value) };
      for (const bytes of [JSON.stringify(body), JSON.stringify(body).slice(0, -1)]) {
        const outcome = attempt(() => parse(bytes));
        if (typeof outcome === 'string') expect(outcome).not.toContain(secret);
      }
    }),
  );
});

test.each([
  ['a lone continuation byte', [0x22, 0x80, 0x22]],
  ['a sequence cut off', [0x22, 0xf0, 0x9f, 0x98]],
  ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
  ['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
])('bytes that hold %s are refused, since they are not UTF-8', (_, bytes) => {
  expect(attempt(() => read(Buffer.from(bytes)))).toContain('UTF-8');
});
