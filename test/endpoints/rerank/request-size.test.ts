import { describe, expect, test } from 'vitest';
import { parseRequest } from '../../../src/endpoints/rerank/request.ts';
import { body, parse, refusal, refusalOf } from './bodies.ts';

const MILLION = 1_000_000;

/** A list that counts how many of its elements are read. */
const watched = (length: number): { list: unknown[]; reads: () => number } => {
  let reads = 0;
  const list = new Proxy(new Array<unknown>(length).fill('d'), {
    get(target, name, receiver) {
      if (typeof name === 'string' && /^\d+$/.test(name)) reads++;
      return Reflect.get(target, name, receiver);
    },
  });
  return { list, reads: () => reads };
};

describe('a list of a million elements is refused', () => {
  test('without a look at any of them when it is `documents`', () => {
    const { list, reads } = watched(MILLION);
    expect(refusalOf(body({ documents: list }))).toContain('`documents`');
    expect(reads()).toBe(0);
  });

  test.each(['model', 'query', 'top_n', 'return_documents'])(
    'without a look at any of them when it is `%s`',
    (name) => {
      const { list, reads } = watched(MILLION);
      expect(refusalOf(body({ [name]: list }))).toContain(`\`${name}\``);
      expect(reads()).toBe(0);
    },
  );

  test('without a look at any of them when it is one document', () => {
    const { list, reads } = watched(MILLION);
    expect(refusalOf(body({ documents: ['d', list] }))).toContain('`documents[1]`');
    expect(reads()).toBe(0);
  });

  // Every document is read once for each ranked field: a million of them, times a thousand documents, is an hour's work.
  test('when it is `rank_fields`', () => {
    const rank_fields = new Array<string>(MILLION).fill('a');
    const text = JSON.stringify(body({ documents: [{ a: 'A' }], rank_fields }));
    expect(refusal(text)).toContain('`rank_fields`');
  });
});

// A field named again and again would let a small body grow to texts of any length.
test('a body never holds fewer characters than the texts made of it', () => {
  const rank_fields = new Array<string>(50).fill('a');
  const text = JSON.stringify(body({ documents: [{ a: 'A'.repeat(10_000) }], rank_fields }));
  let characters = 0;
  try {
    characters = parse(text).texts.join('').length;
  } catch {
    expect(refusal(text)).toContain('`rank_fields`');
  }
  expect(characters).toBeLessThanOrEqual(text.length);
});

describe('what a request takes in memory is told:', () => {
  const bytesOf = (over: Readonly<Record<string, unknown>>): number =>
    parseRequest(Buffer.from(JSON.stringify(body({ query: 'q', ...over })))).bytes;

  test('a byte for each character of its texts, two in a text with one beyond ASCII', () => {
    expect(bytesOf({ documents: ['a'.repeat(1000)] })).toBe(1001);
    expect(bytesOf({ documents: ['a'.repeat(1000), `${'a'.repeat(999)}’`] })).toBe(3001);
    expect(bytesOf({ documents: ['😀'.repeat(500)] })).toBe(2001);
  });

  test('not what was sent beside them, and is not kept', () => {
    expect(bytesOf({ documents: ['d'], ignored: 'a'.repeat(1000) })).toBe(2);
    expect(bytesOf({ documents: [{ text: 'd', more: 'a'.repeat(1000) }] })).toBe(2);
  });

  test('objects that are to be returned, with all that is in them', () => {
    const documents = [{ text: 'd', numbers: new Array(1000).fill(0) }];
    expect(bytesOf({ documents, return_documents: true })).toBeGreaterThan(100_000);
    expect(bytesOf({ documents: ['d'], return_documents: true })).toBe(2);
  });
});
