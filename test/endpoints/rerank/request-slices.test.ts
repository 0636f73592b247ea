import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPlain } from '../../../src/json/strings-of.ts';
import { bodies, bothWays, brokenBodies } from './slices.ts';

const expectSame = (bytes: Buffer): void => {
  const [sliced, parsed] = bothWays(bytes);
  expect(sliced).toEqual(parsed);
};

const isSliced = (text: string): boolean => readPlain(Buffer.from(text), 'documents', 1000) !== undefined;

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
    fc.assert(
      fc.property(brokenBodies, (bytes) => expectSame(bytes)),
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
