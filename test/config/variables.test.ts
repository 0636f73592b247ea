import { describe, expect, test } from 'vitest';
import { formatProblems, parseConfig } from '../../src/config/config.ts';
import { faulty, LIVE, problemsOf } from './environments.ts';
import { TABLE } from './values.ts';

describe.each(TABLE)('%s', (variable, good, bad) => {
  test.each(good)('may be %j', (value) => {
    expect(problemsOf({ ...LIVE, [variable]: value })).toEqual([]);
  });

  test.each(bad)('is the one problem as %j', (value) => {
    expect(new Set(faulty({ ...LIVE, [variable]: value }))).toEqual(new Set([variable]));
  });
});

/** The system's own bound of a variable is an eighth of it. */
test.each([...TABLE.map(([variable]) => variable), 'GATEWAY_KEYS'])(
  'a megabyte in %s is read in no time',
  (variable) => {
    for (const piece of ['a', '1', ',', 'a=1,', ';', 'a:0123456789abcdef,', '/', '%', '%25', ':']) {
      const value = piece.repeat(1_000_000 / piece.length);
      parseConfig({ ...LIVE, [variable]: value });
      parseConfig({ ...LIVE, [variable]: `${LIVE[variable] ?? ''}${value}` });
    }
  },
);

describe('several problems', () => {
  test('are all reported at once', () => {
    const bad = Object.fromEntries(TABLE.map(([variable, , values]) => [variable, values[0]]));
    const lists = { GATEWAY_KEYS: 'short', UPSTREAMS: 'RERANK,rerank', MODEL_LIMITS: 'a=0' };
    const reported = new Set(faulty({ ...bad, ...lists }));
    expect([...reported].sort()).toEqual([...Object.keys(bad), 'GATEWAY_KEYS'].sort());
  });

  test('a wrong limit does not make its model unknown to other variables', () => {
    expect(
      faulty({ ...LIVE, MODEL_LIMITS: 'a=x', CACHE_GRANULARITY: 'a=off', RERANK_MODEL_ID: 'a' }),
    ).toEqual(['MODEL_LIMITS']);
    expect(faulty({ ...LIVE, MODEL_LIMITS: 'a', CACHE_GRANULARITY: 'a=off' })).toEqual(['MODEL_LIMITS']);
  });

  test('each stands on a line of its own', () => {
    expect(
      formatProblems([
        { variable: 'A', message: 'b' },
        { variable: 'C', message: 'd' },
      ]),
    ).toBe('A: b\nC: d');
  });
});
