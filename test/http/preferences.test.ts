import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CacheDirectives } from '../../src/calls/call.ts';
import { cacheTerms, patience, traceContext, urgency } from '../../src/http/preferences.ts';
import { CACHE_TERMS } from '../support/fakes.ts';

const MAX_WAIT = 25_000;

const NO_STORE = { read: false, write: false };
const NO_CACHE = { read: false };
const ONLY_IF_CACHED = { forward: false };
const maxAge = (seconds: number) => ({ maxAgeMs: seconds * 1000, staleIfError: false });

describe('Cache-Control', () => {
  test.each<[header: string | undefined, Partial<CacheDirectives>]>([
    [undefined, {}],
    ['', {}],
    ['no-store', NO_STORE],
    ['no-cache', NO_CACHE],
    ['only-if-cached', ONLY_IF_CACHED],
    ['max-age=0', maxAge(0)],
    ['max-age=60', maxAge(60)],
    ['max-age="60"', maxAge(60)],
    ['max-age=4294967295', maxAge(4_294_967_295)],
    ['NO-STORE', NO_STORE],
    ['Max-Age=60', maxAge(60)],
    [' no-cache ', NO_CACHE],
    ['no-cache, only-if-cached', { ...NO_CACHE, ...ONLY_IF_CACHED }],
    ['no-store,no-cache', NO_STORE],
    ['max-age=60,only-if-cached', { ...maxAge(60), ...ONLY_IF_CACHED }],
    ['no-transform, max-age=60', maxAge(60)],
    [',, no-cache,', NO_CACHE],
    // What is malformed or unknown is as if it were not there.
    ['max-age', {}],
    ['max-age=', {}],
    ['max-age=-1', {}],
    ['max-age=1.5', {}],
    ['max-age=soon', {}],
    ['max-age=0x10', {}],
    ['no-storage', {}],
    ['nostore', {}],
    ['x-no-store', {}],
    ['private', {}],
  ])('%j asks for %j', (header, expected) => {
    expect(cacheTerms(header)).toEqual({ ...CACHE_TERMS, ...expected });
  });
});

describe('Prefer', () => {
  test.each<[header: string | undefined, ms: number]>([
    [undefined, MAX_WAIT],
    ['', MAX_WAIT],
    ['wait=10', 10_000],
    ['wait=0', 0],
    ['wait=25', MAX_WAIT],
    ['wait=26', MAX_WAIT],
    ['wait=9999999999', MAX_WAIT],
    ['WAIT=3', 3000],
    ['wait="3"', 3000],
    ['wait = 3', 3000],
    ['respond-async, wait=3', 3000],
    ['respond-async; foo=bar, wait=3', 3000],
    // Of a preference given twice, the first counts (RFC 7240 §2).
    ['wait=3, wait=9', 3000],
    ['wait', MAX_WAIT],
    ['wait=', MAX_WAIT],
    ['wait=-3', MAX_WAIT],
    ['wait=1.5', MAX_WAIT],
    ['wait=soon', MAX_WAIT],
    ['waiting=3', MAX_WAIT],
  ])('%j means %d ms', (header, ms) => {
    expect(patience(header, MAX_WAIT)).toBe(ms);
  });
});

describe('Priority', () => {
  test.each<[header: string | undefined, urgency: number]>([
    [undefined, 3],
    ['', 3],
    ['u=0', 0],
    ['u=7', 7],
    ['u=5, i', 5],
    ['i, u=5', 5],
    ['u=5;x=1, i=?0', 5],
    ['u=8', 3],
    ['u=-1', 3],
    ['u=1.5', 3],
    ['u=high', 3],
    ['u', 3],
    ['u=', 3],
    ['urgency=1', 3],
  ])('%j means urgency %i', (header, expected) => {
    expect(urgency(header)).toBe(expected);
  });
});

describe('any header at all', () => {
  const word = fc.constantFrom(
    ...[
      'no-store',
      'no-cache',
      'only-if-cached',
      'max-age',
      'wait',
      'u',
      '=',
      ',',
      ';',
      '"',
      ' ',
      '0',
      '12',
      '-',
      '\t',
    ],
  );
  const header = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word).map((words) => words.join('')),
  );

  test('gives terms that the layers can work with', () => {
    fc.assert(
      fc.property(header, (text) => {
        const { maxAgeMs, staleIfError, ...flags } = cacheTerms(text);
        expect(maxAgeMs).toBeGreaterThanOrEqual(0);
        expect(staleIfError).toBe(maxAgeMs === Number.POSITIVE_INFINITY);
        expect(Object.values(flags).map((flag) => typeof flag)).toEqual(['boolean', 'boolean', 'boolean']);
        // Nothing is ever kept of what is not read because it leaves no trace.
        if (!flags.write) expect(flags.read).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('gives a wait and an urgency within their bounds', () => {
    fc.assert(
      fc.property(header, fc.integer({ min: 1, max: 60_000 }), (text, maxWait) => {
        const ms = patience(text, maxWait);
        expect(ms >= 0 && ms <= maxWait).toBe(true);
        expect([0, 1, 2, 3, 4, 5, 6, 7]).toContain(urgency(text));
      }),
      { numRuns: 500 },
    );
  });
});

test.each([
  '',
  '00-t',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331',
  `00-${'a'.repeat(12_000)}-b7ad6b7169203331-01`,
  '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 00-x',
])('what is no trace context is not passed on: %.60s', (header) => {
  expect(traceContext(header)).toBeUndefined();
});
