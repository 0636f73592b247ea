import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { configOf, KEY, LIVE, OTHER_KEY, problemsOf } from './environments.ts';

const clientsOf = (keys: string) => configOf({ ...LIVE, GATEWAY_KEYS: keys }).clients;

describe('GATEWAY_KEYS', () => {
  const plain = { weight: 1, rpm: undefined, models: undefined, admin: false };

  test('a bare key is the client "default"', () => {
    expect(clientsOf(KEY)).toEqual([{ ...plain, name: 'default', keys: [KEY] }]);
    expect(clientsOf(`${KEY},default:${OTHER_KEY}`)).toEqual([
      { ...plain, name: 'default', keys: [KEY, OTHER_KEY] },
    ]);
  });

  test('a key may be given by its digest, with or without a name', () => {
    const digest = `sha256:${hash('sha256', KEY)}`;
    expect(clientsOf(`${digest},search:${`sha256:${hash('sha256', OTHER_KEY)}`};rpm=5`)).toEqual([
      { ...plain, name: 'default', keys: [digest] },
      { ...plain, name: 'search', keys: [`sha256:${hash('sha256', OTHER_KEY)}`], rpm: 5 },
    ]);
  });

  test('a key and its digest are one key, which belongs to one name', () => {
    const problems = problemsOf({ ...LIVE, GATEWAY_KEYS: `a:${KEY},b:sha256:${hash('sha256', KEY)}` });
    expect(JSON.stringify(problems)).toContain('already belongs to another name');
    const upstreams = problemsOf({ ...LIVE, GATEWAY_KEYS: `a:sha256:${hash('sha256', LIVE.RERANK_KEY!)}` });
    expect(JSON.stringify(upstreams)).toContain('is the value of RERANK_KEY');
  });

  test.each(['sha256:', 'sha256:abc', `sha256:${'A'.repeat(64)}`, `SHA256:${'a'.repeat(64)}`])(
    'what looks like a digest and is none is refused: %s',
    (key) => {
      expect(JSON.stringify(problemsOf({ ...LIVE, GATEWAY_KEYS: `a:${key}` }))).toContain('npm run key');
    },
  );

  test('may end in separators', () => {
    expect(clientsOf(`a:${KEY};rpm=5;, b:${OTHER_KEY}; ,,`)).toEqual(
      clientsOf(`a:${KEY};rpm=5,b:${OTHER_KEY}`),
    );
  });

  test('options stand behind the key, in any order, with white space around', () => {
    expect(
      clientsOf(
        `search:${KEY}; admin ;models=cohere-rerank-3-5|amazon-rerank-1-0;weight=0.5;rpm=100,\n chat:${OTHER_KEY}`,
      ),
    ).toEqual([
      {
        name: 'search',
        keys: [KEY],
        weight: 0.5,
        rpm: 100,
        models: ['amazon-rerank-1-0', 'cohere-rerank-3-5'],
        admin: true,
      },
      { ...plain, name: 'chat', keys: [OTHER_KEY] },
    ]);
  });

  test('a name with several keys is one client with all their options', () => {
    expect(clientsOf(`a:${KEY};rpm=5,b:bbbbbbbbbbbbbbbb,a:${OTHER_KEY};rpm=5;admin`)).toEqual([
      { ...plain, name: 'a', keys: [KEY, OTHER_KEY], rpm: 5, admin: true },
      { ...plain, name: 'b', keys: ['bbbbbbbbbbbbbbbb'] },
    ]);
  });

  test('a named key may hold a colon', () => {
    expect(clientsOf('a:0123:456789:abcdef')[0]?.keys).toEqual(['0123:456789:abcdef']);
  });

  test.each<[why: string, keys: string, message: RegExp]>([
    ['a short key', 'a:0123456789abcde', /at least 16/],
    ['no key', 'a:', /at least 16/],
    ['a key with white space', 'a:0123456789 abcdef', /visible ASCII/],
    ['a key that no header could hold', 'a:0123456789abcdéf', /visible ASCII/],
    ['an empty entry', `,a:${KEY}`, /entry 1/],
    [
      'more keys than series could be told for',
      Array.from({ length: 501 }, (_, i) => `n${i}:0123456789abcdef${i}`).join(),
      /500 keys at most/,
    ],
    ['nothing but commas', ' , ,', /holds no key/],
    ['a key too long for a header', `a:${'k'.repeat(4097)}`, /at most 4096/],
    ['a bare key with a colon', 'ab/cd:0123456789abcdef', /a key without a name may not hold a :/],
    ['no name', `:${KEY}`, /name before the :/],
    ['a long name', `${'n'.repeat(65)}:${KEY}`, /name before the :/],
    ['the name kept for metrics', `other:${KEY}`, /"other" is taken/],
    ['one key under two names', `a:${KEY},b:${KEY}`, /entry 2: the key already belongs/],
    ['an unknown option', `a:${KEY};quota=5`, /option "quota" is unknown/],
    ['an unknown option that may be a key', `a:${KEY};${OTHER_KEY}`, /option number 1 is unknown/],
    ['an inherited property as an option', `a:${KEY};constructor`, /option "constructor" is unknown/],
    ['an empty option', `a:${KEY};;rpm=5`, /option number 1 is unknown/],
    ['no requests a minute', `a:${KEY};rpm=0`, /option "rpm" must be a whole number/],
    ['half a request a minute', `a:${KEY};rpm=1.5`, /option "rpm"/],
    ['an rpm without a number', `a:${KEY};rpm`, /option "rpm"/],
    ['no weight', `a:${KEY};weight=0`, /option "weight"/],
    ['too much weight', `a:${KEY};weight=1001`, /option "weight"/],
    ['a model not served', `a:${KEY};models=gpt`, /option "models" must be models served/],
    ['an empty list of models', `a:${KEY};models=`, /option "models"/],
    ['admin with a value', `a:${KEY};admin=false`, /option "admin" must be without a value/],
    ['an option twice', `a:${KEY};rpm=1;rpm=2`, /option "rpm" has two different values/],
    [
      'options that differ between keys',
      `a:${KEY};rpm=1,a:${OTHER_KEY};rpm=2`,
      /entry 2: option "rpm" differs/,
    ],
    [
      'models joined by a comma',
      `a:${KEY};models=cohere-rerank-3-5,amazon-rerank-1-0`,
      /entry 2: this is no key/,
    ],
    ['options joined by a comma', `a:${KEY},models=cohere-rerank-3-5`, /entry 2: this is no key/],
  ])('%s is one problem', (_, keys, message) => {
    expect(problemsOf({ ...LIVE, GATEWAY_KEYS: keys })).toEqual([
      { variable: 'GATEWAY_KEYS', message: expect.stringMatching(message) },
    ]);
  });
});
