import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { checkStructure, MAX_DEPTH, MAX_VALUES } from '../../src/json/structure.ts';

const FIELDS = ['query', 'documents'];

interface Structure {
  readonly depth: number;
  readonly values: number;
}

const check = (text: string | Uint8Array): Structure => {
  const { depth, values } = checkStructure(Buffer.from(text as string), FIELDS);
  return { depth, values };
};

/** The error with which it is refused. */
const refusal = (text: string): RerankError => {
  try {
    check(text);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RerankError);
    expect((thrown as RerankError).kind).toBe('invalid_request');
    return thrown as RerankError;
  }
  throw new Error('It was not refused.');
};

/** What a value that was parsed holds, counted the slow way. */
const countOf = (value: unknown): Structure => {
  if (typeof value !== 'object' || value === null) return { depth: 0, values: 1 };
  const parts = Object.values(value).map(countOf);
  return {
    depth: 1 + Math.max(0, ...parts.map(({ depth }) => depth)),
    values: 1 + parts.reduce((sum, { values }) => sum + values, 0),
  };
};

/** Strings that are easily taken for structure, or for their own end. */
const tricky = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '[', '{', ',', ':', ' ', 'é', '😀') }),
  fc
    .tuple(fc.integer({ min: 25, max: 80 }), fc.string({ unit: fc.constantFrom('"', '\\', 'a') }))
    .map(([length, end]) => 'a'.repeat(length) + end),
);

const scalar = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '0', '-1.5e+300', `1${'0'.repeat(400)}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
  tricky.map((text) => JSON.stringify(text)),
);

/** JSON as texts: with white space anywhere, and with names that occur more than once, which parsing would lose. */
const { json } = fc.letrec<{ json: { text: string; structure: Structure } }>((tie) => {
  const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 });
  const around = (inside: { text: string; structure: Structure }[]): Structure => ({
    depth: 1 + Math.max(0, ...inside.map(({ structure }) => structure.depth)),
    values: 1 + inside.reduce((sum, { structure }) => sum + structure.values, 0),
  });
  const name = fc.oneof(fc.constantFrom('a', 'a', '__proto__', 'documents'), tricky);
  return {
    json: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar.map((text) => ({ text, structure: { depth: 0, values: 1 } })),
      fc.tuple(fc.array(tie('json'), { maxLength: 5 }), space, space).map(([items, a, b]) => ({
        text: `[${a}${items.map(({ text }) => text).join(`${b},${a}`)}${b}]`,
        structure: around(items),
      })),
      fc
        .tuple(fc.array(fc.tuple(name, tie('json')), { maxLength: 5 }), space, space)
        .map(([members, a, b]) => ({
          text: `{${a}${members.map(([key, { text }]) => `${JSON.stringify(key)}${b}:${a}${text}`).join(`${b},${a}`)}${b}}`,
          structure: around(members.map(([, value]) => value)),
        })),
    ),
  };
});

describe('the structure of a body is told before it is parsed:', () => {
  test('that of any value is what parsing makes of it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(check(text)).toEqual(countOf(JSON.parse(text)));
      }),
    );
  });

  test('however it is written, every member is counted, also those whose name comes again', () => {
    fc.assert(
      fc.property(json, ({ text, structure }) => {
        JSON.parse(text);
        expect(check(text)).toEqual(structure);
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes come to an end, or are refused as invalid', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', ':', ' ', 'a'), maxLength: 200 }),
      fc.tuple(json, fc.nat()).map(([{ text }, at]) => text.slice(0, at % (text.length + 1))),
    );
    fc.assert(
      fc.property(bytes, (some) => {
        try {
          const { depth, values } = check(some);
          expect(depth).toBeLessThanOrEqual(MAX_DEPTH);
          expect(values).toBeLessThanOrEqual(Math.max(1, some.length));
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'RerankError', kind: 'invalid_request' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('a body is refused', () => {
  test('one level beyond the deepest that is allowed, and not at it', () => {
    expect(check(nested(MAX_DEPTH)).depth).toBe(MAX_DEPTH);
    expect(refusal(nested(MAX_DEPTH + 1)).message).toContain('deeper');
    // It need not even be JSON.
    expect(refusal('[{'.repeat(MAX_DEPTH)).message).toContain('deeper');
  });

  test.each([
    ['empty objects', (n: number) => `[${'{},'.repeat(n - 2)}1]`],
    ['empty lists', (n: number) => `[${'[],'.repeat(n - 2)}1]`],
    ['numbers', (n: number) => `[${'0,'.repeat(n - 2)}1]`],
    ['strings', (n: number) => `[${'"",'.repeat(n - 2)}1]`],
    ['one name again and again', (n: number) => `{${'"a":0,'.repeat(n - 2)}"a":1}`],
    ['lists in lists', (n: number) => `[${'[[[]]],'.repeat((n - 1) / 3)}`],
  ])('one value beyond the most that are allowed, and not at it, when they are %s', (_, of) => {
    expect(check(of(MAX_VALUES)).values).toBeLessThanOrEqual(MAX_VALUES);
    expect(refusal(of(MAX_VALUES + 3)).message).toContain(String(MAX_VALUES));
  });

  test.each([
    ['`documents` when that holds too much', `{"documents":[${'{},'.repeat(MAX_VALUES)}`, 'documents'],
    ['the document that is too deep', `{"documents":["d",{"a":[1,2]},${nested(MAX_DEPTH)}]}`, 'documents[2]'],
    ['a field that is no list', `{"documents":["d"],"query":{"a":{"b":[1,${nested(MAX_DEPTH)}]}}}`, 'query'],
    ['no field of the caller’s own', `{"documents":["d"],"QUERYTEXT":${nested(MAX_DEPTH)}}`, undefined],
    ['no field when the body is a list', nested(MAX_DEPTH + 1), undefined],
  ])('and the error names %s', (_, text, name) => {
    const { param, message } = refusal(text);
    expect(param).toBe(name);
    expect(message).not.toContain('QUERYTEXT');
  });
});

test('a thousand documents of a hundred fields, all of them ranked, are within the bounds', () => {
  const names = Array.from({ length: 100 }, (_, i) => `field${i}`);
  const document = Object.fromEntries(names.map((name) => [name, 'text']));
  const body = { model: 'm', query: 'q', rank_fields: names, documents: new Array(1000).fill(document) };
  expect(check(JSON.stringify(body)).values).toBe(101_105);
});

// Told by counting: each search of the engine's costs as much as some dozen bytes looked at one by one.
test.each([
  ['escaped quotes', '\\"'],
  ['backslashes', '\\\\'],
  ['escaped quotes far apart', `${'a'.repeat(40)}\\"`],
  ['letters', 'a'],
])('a string of %s is not searched through more often than its length allows', (_, part) => {
  const bytes = Buffer.from(`{"query":"${part.repeat(100_000 / part.length)}"}`);
  let searches = 0;
  const search = bytes.indexOf.bind(bytes);
  bytes.indexOf = ((...args: Parameters<typeof search>) => {
    searches++;
    return search(...args);
  }) as typeof bytes.indexOf;
  expect(checkStructure(bytes, FIELDS)).toMatchObject({ depth: 1, values: 2 });
  expect(searches).toBeLessThanOrEqual(bytes.length / 32);
});
