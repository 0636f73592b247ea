import { describe, expect, test } from 'vitest';
import { ANY_CLIENT, clientKeys, withoutKey } from '../../../src/tools/replay/keys.ts';
import { parseOptions, UsageError, windowMs } from '../../../src/tools/replay/options.ts';

const parse = (line: string, env: Record<string, string> = {}) =>
  parseOptions(line.split(' ').filter(Boolean), env);

describe('the command line', () => {
  test('needs a folder and nothing else', () => {
    expect(parse('corpus')).toEqual({
      folder: 'corpus',
      speed: 1,
      limit: undefined,
      target: { kind: 'own', processes: 1, redisUrl: undefined, pointwise: false },
    });
  });

  test('chooses speed, number and fleet', () => {
    expect(parse('corpus --speed 2.5 --limit 7 --processes 3 --redis redis://localhost:1/2')).toEqual({
      folder: 'corpus',
      speed: 2.5,
      limit: 7,
      target: { kind: 'own', processes: 3, redisUrl: 'redis://localhost:1/2', pointwise: false },
    });
  });

  test('chooses a simulator whose scores do not depend on the companion documents', () => {
    expect(parse('corpus --pointwise')).toMatchObject({ target: { kind: 'own', pointwise: true } });
  });

  test('names a running gateway, whose keys come from it or from the environment', () => {
    const env = { GATEWAY_KEYS: 'search:env-key', METRICS_TOKEN: 'a-token' };
    expect(parse('corpus --url https://gw.example/base/ --keys search:a-key', env)).toMatchObject({
      target: {
        kind: 'running',
        url: 'https://gw.example/base',
        keys: new Map([['search', 'a-key']]),
        metricsToken: 'a-token',
      },
    });
    expect(parse('corpus --url http://gw.example', env)).toMatchObject({
      target: { url: 'http://gw.example', keys: new Map([['search', 'env-key']]) },
    });
  });

  test.each(['--help', '-h', 'corpus --speed nonsense --help'])('asks for help with %s', (line) => {
    expect(parse(line)).toBe('help');
  });

  test.each([
    ['', 'DIR'],
    ['one two', 'DIR'],
    ['corpus --unknown', '--unknown'],
    ['corpus --speed', '--speed'],
    ['corpus --speed 0', '--speed must be a number above 0'],
    ['corpus --speed -3', '--speed'],
    ['corpus --speed fast', '--speed must be a number above 0'],
    ['corpus --speed 1e3', '--speed must be a number above 0'],
    ['corpus --speed 601', '--speed must be from'],
    ['corpus --speed 0.01', '--speed must be from'],
    ['corpus --limit 0', '--limit must be a whole number from 1'],
    ['corpus --limit 1.5', '--limit must be a whole number from 1'],
    ['corpus --processes 2', '--processes above 1 needs --redis'],
    ['corpus --processes none', '--processes must be a whole number from 1'],
    ['corpus --redis http://localhost', '--redis must be a URL'],
    ['corpus --keys search:a-key', '--keys belongs to --url'],
    ['corpus --url gateway --keys k', '--url must be an http or https URL'],
    ['corpus --url http://gw.example', '--url needs --keys'],
    ['corpus --url http://gw.example --keys k --processes 2', 'not for --url'],
    ['corpus --url http://gw.example --keys k --pointwise', 'not for --url'],
  ])('is refused: %s', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });

  test('lets a running gateway be asked at any speed: its window is its own', () => {
    expect(parse('corpus --url http://gw.example --keys k --speed 5000')).toMatchObject({ speed: 5000 });
  });

  test('makes the scaled minute a window that a gateway can have', () => {
    expect([0.5, 1, 20, 600, 7].map(windowMs)).toEqual([120_000, 60_000, 3000, 100, 8571]);
  });
});

describe('keys', () => {
  test('are read as the gateway reads them: names, options, several of one name', () => {
    const keys = clientKeys('search:new-key;rpm=100;admin, search:old-key ,chatbot:with:colon');
    expect([...keys]).toEqual([
      ['search', 'new-key'],
      ['chatbot', 'with:colon'],
    ]);
    expect(withoutKey(['search', 'chatbot', 'evaluation'], keys)).toEqual(['evaluation']);
  });

  test('without a name serve everybody', () => {
    const keys = clientKeys('bare-key');
    expect(keys.get(ANY_CLIENT)).toBe('bare-key');
    expect(withoutKey(['search', 'chatbot'], keys)).toEqual([]);
  });
});
