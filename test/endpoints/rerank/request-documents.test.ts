import { describe, expect, test } from 'vitest';
import { accepted, body, parse, refusal } from './bodies.ts';

const textOf = (document: object, rank_fields?: readonly string[]): string | undefined =>
  accepted({ documents: [document], rank_fields }).texts[0];

describe('the text of a document given as an object', () => {
  test('is its field `text`', () => {
    expect(textOf({ title: 'Title', text: 'Text' })).toBe('Text');
    expect(textOf({ title: 'Title', text: 'Text' }, [])).toBe('Text');
  });

  test('is the values of the ranked fields, a line each, in the order in which those are named', () => {
    const document = { a: 'A', b: 'B', text: 'Text' };
    expect(textOf(document, ['b', 'a'])).toBe('B\nA');
    expect(textOf(document, ['a', 'b'])).toBe('A\nB');
    expect(textOf(document, ['b'])).toBe('B');
  });

  test('holds numbers and booleans as JSON writes them', () => {
    expect(textOf({ a: 1.5, b: true, c: false, d: 0 }, ['a', 'b', 'c', 'd'])).toBe('1.5\ntrue\nfalse\n0');
    expect(textOf({ text: 42 })).toBe('42');
  });

  test('leaves out what is absent, null or empty', () => {
    expect(textOf({ a: 'A', b: null, c: '' }, ['d', 'c', 'b', 'a'])).toBe('A');
  });

  test.each([[[]], [{}], [['A']]])('is refused when a ranked field is %j', (value) => {
    const text = JSON.stringify(body({ documents: ['first', { a: value }], rank_fields: ['a'] }));
    expect(refusal(text)).toContain('`documents[1]`');
  });

  test('is refused when the ranked fields are nowhere in it', () => {
    const text = JSON.stringify(body({ documents: [{ text: 'Text' }], rank_fields: ['a', 'b'] }));
    expect(refusal(text)).toContain('`documents[0]`');
  });

  test('never comes from what every object inherits', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      const text = JSON.stringify(body({ documents: [{ text: 'Text' }], rank_fields: [name] }));
      expect(refusal(text)).toContain('`documents[0]`');
      expect(textOf({ text: 'Text' }, [name, 'text'])).toBe('Text');
    }
  });

  test('may come from a field called `__proto__`', () => {
    const text = '{"query":"q","documents":[{"__proto__":"own text"}],"rank_fields":["__proto__"]}';
    expect(parse(text).texts).toEqual(['own text']);
  });
});

describe('a field called `__proto__`', () => {
  test('gives a body no fields', () => {
    expect(refusal('{"__proto__": {"query": "q", "documents": ["d"]}}')).toContain('`documents`');
  });

  test('gives a document no text', () => {
    const text = '{"query": "q", "documents": [{"__proto__": {"text": "inherited"}}]}';
    expect(refusal(text)).toContain('`documents[0]`');
  });

  test('leaves other objects alone', () => {
    parse('{"query": "q", "documents": [{"text": "t", "__proto__": {"polluted": true}}]}');
    expect('polluted' in {}).toBe(false);
  });
});

describe('a nested document', () => {
  const nested = (levels: number): string =>
    `{"query":"q","documents":["d",{"text":"t","more":${'['.repeat(levels)}${']'.repeat(levels)}}],` +
    `"return_documents":true}`;

  test('is refused when it is too deep to be written back', () => {
    expect(refusal(nested(100_000))).toContain('`documents[1]`');
  });

  test('can be written back when it is accepted, at the deepest level allowed too', () => {
    let levels = 1;
    const isAccepted = (): boolean => {
      try {
        return JSON.stringify(parse(nested(levels)).originals).length > 0;
      } catch {
        return false;
      }
    };
    while (isAccepted()) levels++;
    expect(levels).toBeGreaterThan(20);
    expect(levels).toBeLessThan(1000);
    expect(refusal(nested(levels))).toContain('`documents[1]`');
  });

  test('is kept as it was sent', () => {
    const document = { text: 't', more: [{ a: [null, 1, { b: '\ud83d\ude00' }] }] };
    const { originals } = accepted({ documents: ['d', document], return_documents: true });
    expect(originals).toEqual(['d', document]);
  });
});
