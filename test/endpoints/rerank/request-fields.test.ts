import { describe, expect, test } from 'vitest';
import { accepted, body, refusal, refusedField } from './bodies.ts';

const many = (n: number): string[] => Array.from({ length: n }, (_, i) => `document ${i}`);

describe('a body is refused', () => {
  test.each([
    ['empty', ''],
    ['not JSON', '{"query": '],
    ['JSON with more behind it', `${JSON.stringify(body())}x`],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '1'],
    ['a string', '"query"'],
    ['true', 'true'],
    ['100,000 levels of lists', '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('when it is %s', (_, text) => {
    expect(refusal(text)).toContain('body');
  });

  test.each<[field: string, value: unknown]>([
    ['model', 3],
    ['model', ''],
    ['model', true],
    ['model', ['cohere-rerank-3-5']],
    ['model', { id: 'cohere-rerank-3-5' }],
    ['query', undefined],
    ['query', null],
    ['query', 3],
    ['query', false],
    ['query', ['which one']],
    ['query', { text: 'which one' }],
    ['query', ''],
    ['query', ' \t\r\n\u00a0\u2003\ufeff'],
    ['query', 'lone \ud800 high'],
    ['query', 'lone \udc00 low'],
    ['documents', undefined],
    ['documents', null],
    ['documents', 'first'],
    ['documents', 3],
    ['documents', true],
    ['documents', { 0: 'first', length: 1 }],
    ['documents', []],
    ['documents', many(1001)],
    ['documents[1]', ['first', '']],
    ['documents[2]', ['first', 'second', null]],
    ['documents[0]', [3]],
    ['documents[0]', [false]],
    ['documents[0]', [['first']]],
    ['documents[1]', ['first', 'lone \udfff']],
    ['documents[0]', [{ text: 'lone \ud834' }]],
    ['documents[0]', [{}]],
    ['documents[0]', [{ title: 'first' }]],
    ['documents[0]', [{ text: null }]],
    ['documents[0]', [{ text: '' }]],
    ['documents[0]', [{ text: { text: 'first' } }]],
    ['documents[0]', [{ text: ['first'] }]],
    ['top_n', 0],
    ['top_n', -1],
    ['top_n', 1.5],
    ['top_n', '3'],
    ['top_n', true],
    ['top_n', [1]],
    ['top_n', {}],
    ['return_documents', 'yes'],
    ['return_documents', 'TRUE'],
    ['return_documents', 1],
    ['return_documents', []],
    ['return_documents', {}],
    ['rank_fields', 'text'],
    ['rank_fields', 1],
    ['rank_fields', true],
    ['rank_fields', { 0: 'text' }],
    ['rank_fields', ['text', 1]],
    ['rank_fields', ['text', null]],
  ])('with `%s` named, when that is %j', (field, value) => {
    const [name = ''] = field.split('[');
    const text = JSON.stringify(body({ [name]: value }));
    expect(refusal(text)).toContain(`\`${field}\``);
    expect(refusedField(text)).toBe(field);
  });

  test.each(['1e999', '-1e999', '1e-400', '0.9999999999'])('with `top_n` named, when that is %s', (top) => {
    const text = JSON.stringify(body({ top_n: 'TOP' })).replace('"TOP"', top);
    expect(refusal(text)).toContain('`top_n`');
  });
});

describe('a body is accepted', () => {
  test('with all its documents ranked when it names nothing but what is needed', () => {
    expect(accepted()).toEqual({
      model: 'cohere-rerank-3-5',
      query: 'which one',
      texts: ['first', 'second', 'third'],
      originals: [],
      topN: 3,
      returnDocuments: false,
      warnings: [],
    });
  });

  test.each([1, 1000])('with %i documents', (n) => {
    expect(accepted({ documents: many(n) }).texts).toEqual(many(n));
  });

  test.each([
    [1, 1],
    [3, 3],
    [4, 3],
    [1e9, 3],
    [Number.MAX_VALUE, 3],
    [2.0, 2],
  ])('with a `top_n` of %d, which gives %i of three documents', (top_n, expected) => {
    expect(accepted({ top_n }).topN).toBe(expected);
  });

  test('with a `null` where an optional field may be absent', () => {
    const names = ['model', 'top_n', 'return_documents', 'rank_fields', 'max_tokens_per_doc', 'priority'];
    const nulls = Object.fromEntries(names.map((name) => [name, null]));
    expect(accepted(nulls)).toEqual({ ...accepted(), model: undefined });
  });

  test('with fields it does not know, whatever they hold', () => {
    const unknown = { temperature: 'high', __proto: 1, maxTokensPerDoc: [[]], stream: { deep: [null] } };
    expect(accepted(unknown)).toEqual(accepted());
  });

  test('with a warning for each field that is not acted upon', () => {
    const ignored = { priority: 'high', max_tokens_per_doc: -1, max_chunks_per_doc: {} };
    const { warnings, ...rest } = accepted(ignored);
    expect(warnings).toHaveLength(3);
    for (const name of Object.keys(ignored)) expect(warnings.join()).toContain(name);
    expect(rest).toEqual({ ...accepted(), warnings: undefined });
  });

  test('with pairs of surrogates, which are characters like any other', () => {
    const text = 'a \ud83d\ude00 face';
    expect(accepted({ query: text, documents: [text, { text }] })).toMatchObject({
      query: text,
      texts: [text, text],
    });
  });

  test('with texts left as they are, blanks at their ends included', () => {
    const given = { query: ' q\n', documents: [' ', '\ta ', '\u0000'] };
    expect(accepted(given)).toMatchObject({ query: given.query, texts: given.documents });
  });
});

describe('other APIs’ words', () => {
  test('are understood where ours are absent', () => {
    const { texts, topN } = accepted({ documents: undefined, texts: ['a', 'b', 'c'], top_k: 2 });
    expect([texts, topN]).toEqual([['a', 'b', 'c'], 2]);
  });

  test('give way to ours', () => {
    const { texts, topN } = accepted({ documents: ['a', 'b'], texts: ['c'], top_n: 1, top_k: 2 });
    expect([texts, topN]).toEqual([['a', 'b'], 1]);
  });

  test('are named as they were sent when they are wrong', () => {
    expect(refusedField(JSON.stringify(body({ top_k: 0 })))).toBe('top_k');
    expect(refusedField(JSON.stringify(body({ documents: undefined, texts: ['a', ''] })))).toBe('texts[1]');
    expect(refusedField(JSON.stringify(body({ documents: undefined, texts: [] })))).toBe('texts');
    expect(refusedField(JSON.stringify(body({ documents: undefined })))).toBe('documents');
  });

  test.each([
    ['true', true],
    ['false', false],
  ])('are "%s" for a flag', (word, flag) => {
    expect(accepted({ return_documents: word }).returnDocuments).toBe(flag);
  });

  test('that would change the result elsewhere are named in a warning, and others are not', () => {
    const { warnings } = accepted({ truncate: true, score_threshold: 0.5, user: 'u', overlap: null });
    expect(warnings).toEqual(['truncate is ignored', 'score_threshold is ignored']);
    expect(accepted({ truncate: null }).warnings).toEqual([]);
  });
});
