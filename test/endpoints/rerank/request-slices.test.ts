import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RerankError } from '../../../src/calls/errors.ts';
import { parseRequest } from '../../../src/endpoints/rerank/request.ts';
import { readPlain } from '../../../src/json/strings-of.ts';

const ALWAYS = 0;
const NEVER = Number.POSITIVE_INFINITY;

/** All that a request says, or how it is refused. */
const outcome = (bytes: Buffer, slicedFrom: number) => {
  try {
    const { request } = parseRequest(bytes, slicedFrom);
    const { distinct: _, ...said } = request;
    const { items, digests, positions } = request.distinct();
    return { ...said, texts: undefined, items, digests: [...digests.words], positions: [...positions] };
  } catch (thrown) {
    if (!(thrown instanceof RerankError)) throw thrown;
    return { message: thrown.message, param: thrown.param };
  }
};

const expectSame = (bytes: Buffer): void => {
  expect(outcome(bytes, ALWAYS)).toEqual(outcome(bytes, NEVER));
};

const isSliced = (text: string): boolean => readPlain(Buffer.from(text), 'documents', 1000) !== undefined;

const text = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '😀', '{', ']', ',', ':') }),
  },
  fc.string({ unit: 'binary' }),
);

/** JSON as programs write it, with blanks here and there, and now and then something else in it. */
const written = (value: unknown, gap: string): string => {
  if (Array.isArray(value))
    return `[${gap}${value.map((item) => written(item, gap)).join(`${gap},${gap}`)}${gap}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).map(
    ([name, one]) => `${JSON.stringify(name)}${gap}:${gap}${written(one, gap)}`,
  );
  return `{${gap}${members.join(`${gap},${gap}`)}${gap}}`;
};

const field = fc.oneof(
  fc.record({ top_n: fc.oneof(fc.integer({ min: -1, max: 9 }), fc.double(), fc.constant('3')) }),
  fc.record({ model: fc.oneof(text, fc.constant(null), fc.integer()) }),
  fc.record({ return_documents: fc.boolean() }),
  fc.record({ priority: fc.integer() }),
  fc.record({ unknown: fc.oneof(text, fc.boolean(), fc.constant(null), fc.jsonValue()) }),
  fc.constant({}),
);

const bodies = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: text }, fc.jsonValue()),
    fc.array(fc.oneof({ weight: 30, arbitrary: text }, fc.jsonValue()), { maxLength: 6 }),
    fc.array(field, { maxLength: 3 }),
    fc.constantFrom('', '', ' ', '  ', '\n', '\r\n\t'),
    fc.boolean(),
  )
  .map(([query, documents, more, gap, first]) => {
    const own = { query, documents };
    const rest = Object.assign({}, ...more);
    return written(first ? { ...own, ...rest } : { ...rest, ...own }, gap);
  });

describe('a body whose documents are left where they are', () => {
  test('says what it says when it is parsed, whatever it holds', () => {
    let sliced = 0;
    fc.assert(
      fc.property(bodies, (body) => {
        if (isSliced(body)) sliced++;
        expectSame(Buffer.from(body));
      }),
      { numRuns: 3000 },
    );
    expect(sliced).toBeGreaterThan(300);
  });

  test('says the same, or is refused the same way, when some of its bytes are others', () => {
    const byte = fc.oneof(fc.constantFrom(...Buffer.from('"\\{}[],: \n0a')), fc.nat(255));
    const edit = fc.record({ at: fc.nat(), byte, kind: fc.constantFrom('put', 'insert', 'cut') });
    fc.assert(
      fc.property(bodies, fc.array(edit, { minLength: 1, maxLength: 3 }), (body, edits) => {
        const bytes = [...Buffer.from(body)];
        for (const { at, byte, kind } of edits) {
          const place = at % (bytes.length + 1);
          if (kind === 'cut') bytes.splice(place);
          else bytes.splice(place, kind === 'put' ? 1 : 0, byte);
        }
        expectSame(Buffer.from(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    '{"query":"q","documents":["a","b","a"]}',
    '{\n\t"query": "q",\r\n\t"top_n":\t1\n,\n\t"documents": [\n\t\t"a",\n\t\t"b"\n\t]\n}\n',
    ' { "model" : "m" , "documents" : [ "a" , "é" ] , "top_n" : 2 , "query" : "q" , "user" : null } ',
    '{"documents":["{\\"]"],"query":"q"}'.replaceAll('\\"', "'"),
  ])('is one as most are: %s', (body) => {
    expect(isSliced(body)).toBe(true);
    expectSame(Buffer.from(body));
  });

  test.each([
    ['escapes', '{"query":"q","documents":["a\\n"]}'],
    ['a raw line feed in a string', '{"query":"q","documents":["a\nb"]}'],
    ['a raw zero byte', '{"query":"q","documents":["a\0b"]}'],
    ['objects', '{"query":"q","documents":[{"text":"a"}]}'],
    ['a field twice', '{"query":"q","query":"r","documents":["a"]}'],
    ['the list twice', '{"query":"q","documents":["a"],"documents":["b"]}'],
    ['a byte order mark', '\ufeff{"query":"q","documents":["a"]}'],
    ['something behind its end', '{"query":"q","documents":["a"]} x'],
    ['a comma too many', '{"query":"q","documents":["a",]}'],
    ['no list', '{"query":"q"}'],
    ['an empty list', '{"query":"q","documents":[]}'],
    ['a number that is none', '{"query":"q","documents":["a"],"top_n":01}'],
    ['its end missing', '{"query":"q","documents":["a"]'],
    ['half a document', '{"query":"q","documents":["a'],
  ])('is none with %s', (_, body) => {
    expect(isSliced(body)).toBe(false);
    expectSame(Buffer.from(body));
  });

  test('is none when it is not UTF-8, or names a thousand and one documents', () => {
    const body = Buffer.from('{"query":"q","documents":["a"]}');
    body[body.length - 4] = 0xff;
    expect(readPlain(body, 'documents', 1000)).toBeUndefined();
    expectSame(body);
    const many = Buffer.from(JSON.stringify({ query: 'q', documents: new Array(1001).fill('a') }));
    expect(readPlain(many, 'documents', 1000)).toBeUndefined();
    expectSame(many);
  });

  test('may begin anywhere in memory, and hold a control character anywhere', () => {
    const text = JSON.stringify({ query: 'q', documents: ['0123456789abcdef'] });
    for (let offset = 0; offset < 8; offset++) {
      const whole = Buffer.alloc(text.length + offset);
      whole.write(text, offset);
      const body = whole.subarray(offset);
      expect(readPlain(body, 'documents', 1000)).toBeDefined();
      for (let at = 0; at < body.length; at++) {
        const before = body[at]!;
        for (const control of [0x1f, 0x00]) {
          body[at] = control;
          expect(readPlain(body, 'documents', 1000)).toBeUndefined();
        }
        body[at] = before;
      }
    }
  });
});
