import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorKind } from '../../src/calls/errors.ts';
import { readRefusal, retryAfter } from '../../src/upstream/refusal.ts';

const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);

const herokus = (message: unknown): string => JSON.stringify({ error: { code: 1, message, type: 't' } });

describe('an answer that is no 200', () => {
  test.each<[status: number, kind: ErrorKind]>([
    [201, 'upstream_failed'],
    [204, 'upstream_failed'],
    [301, 'upstream_failed'],
    [304, 'upstream_failed'],
    [400, 'upstream_invalid'],
    [401, 'upstream_refused_key'],
    [403, 'upstream_forbidden'],
    [404, 'upstream_failed'],
    [408, 'upstream_failed'],
    [407, 'upstream_failed'],
    [409, 'upstream_invalid'],
    [413, 'upstream_invalid'],
    [415, 'upstream_invalid'],
    [422, 'upstream_invalid'],
    [425, 'upstream_failed'],
    [451, 'upstream_invalid'],
    [429, 'upstream_throttled'],
    [500, 'upstream_failed'],
    [502, 'upstream_failed'],
    [503, 'upstream_failed'],
    [504, 'upstream_failed'],
    [599, 'upstream_failed'],
  ])('%i is %s', (status, kind) => {
    expect(readRefusal(status, {}, herokus('m'), NOW)).toMatchObject({ kind, upstreamStatus: status });
  });

  test.each([413, 415, 422, 431, 451])('%i is passed on with its status and its words', (status) => {
    const error = readRefusal(status, {}, herokus('documents: too many.'), NOW);
    expect(error).toMatchObject({ status, message: 'documents: too many.' });
  });

  test('409 is passed on as 400, since clients try a 409 again', () => {
    expect(readRefusal(409, {}, herokus('no'), NOW)).toMatchObject({ status: 400, upstreamStatus: 409 });
  });

  test.each([
    ['a page', '<html>Request blocked</html>'],
    ['nothing', ''],
    ['JSON that is no error', '{"blocked": true}'],
    ['a list', '[]'],
    ['null', 'null'],
  ])('403 with %s comes from a firewall', (_, body) => {
    expect(readRefusal(403, {}, body, NOW).kind).toBe('firewall_refused');
  });

  test('403 with an error of Heroku’s is about the model, be the error an object or a JSON string', () => {
    const error = { code: 403, message: 'not yours', type: 'authorization_error' };
    for (const body of [{ error }, { error: JSON.stringify(error) }]) {
      expect(readRefusal(403, {}, JSON.stringify(body), NOW).kind).toBe('upstream_forbidden');
    }
  });

  test.each([
    ['Heroku’s', herokus('documents: too many.')],
    ['Heroku’s as a JSON string', JSON.stringify({ error: '{"code":400,"message":"documents: too many."}' })],
    ['Cohere’s', JSON.stringify({ message: 'documents: too many.' })],
    ['both', JSON.stringify({ error: { message: 'documents: too many.' }, message: 'another' })],
  ])('400 says what the upstream says, in %s words', (_, body) => {
    expect(readRefusal(400, {}, body, NOW).message).toBe('documents: too many.');
  });

  test.each([
    '',
    '<html>',
    'null',
    '[]',
    '"text"',
    '{}',
    herokus(''),
    herokus(3),
    herokus(null),
    herokus({}),
  ])('400 says something of its own when the upstream says %j', (body) => {
    expect(readRefusal(400, {}, body, NOW).message).toBe(ERRORS.upstream_invalid.message);
  });

  test('with any other status than 400 keeps the upstream’s words to itself', () => {
    for (const status of [401, 403, 404, 429, 500, 503]) {
      const { message } = readRefusal(status, {}, herokus('upstream.example: key abc is wrong'), NOW);
      expect(message).not.toContain('abc');
      expect(message).not.toContain('example');
    }
  });

  test('429 says when to come back, if it does', () => {
    expect(readRefusal(429, { 'retry-after': '7' }, '', NOW).retryAfterMs).toBe(7000);
    expect(readRefusal(429, {}, '', NOW).retryAfterMs).toBeUndefined();
    expect(readRefusal(429, { 'retry-after': 'soon' }, '', NOW).retryAfterMs).toBeUndefined();
    expect(readRefusal(500, { 'retry-after': '7' }, '', NOW).retryAfterMs).toBeUndefined();
  });

  test('503 that says when to come back is about the moment, and else a failure like any other', () => {
    const unavailable = readRefusal(503, { 'retry-after': '7' }, '', NOW);
    expect(unavailable).toMatchObject({ kind: 'upstream_unavailable', retryAfterMs: 7000, status: 503 });
    for (const header of ['soon', '', '-1']) {
      expect(readRefusal(503, { 'retry-after': header }, '', NOW).kind).toBe('upstream_failed');
    }
  });

  test('is an error of the table whatever its body', () => {
    const status = fc.integer({ min: 201, max: 599 });
    fc.assert(
      fc.property(status, fc.oneof(fc.string(), fc.json()), (code, body) => {
        expect(readRefusal(code, {}, body, NOW).message).not.toBe('');
      }),
    );
  });
});

describe('Retry-After', () => {
  test.each<[header: string, ms: number]>([
    ['0', 0],
    ['1', 1000],
    ['51', 51_000],
    // Not in the RFC, but sent.
    ['1.5', 1500],
    ['0.25', 250],
    [' 7 ', 7000],
    ['Thu, 15 Jan 2026 12:00:30 GMT', 30_000],
    ['Thu, 15 Jan 2026 12:00:00 GMT', 0],
    // The time to wait for is past: now is as good as ever.
    ['Thu, 15 Jan 2026 11:00:00 GMT', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    // An obsolete form of a date, which a recipient has to know as well (RFC 9110 §5.6.7).
    ['Thursday, 15-Jan-26 12:00:30 GMT', 30_000],
  ])('of %j is %d ms', (header, ms) => {
    expect(retryAfter({ 'retry-after': header }, NOW)).toBe(ms);
  });

  test.each([
    '',
    ' ',
    'soon',
    '-5',
    '1.',
    '.5',
    '1.5.1',
    '1e3',
    '5s',
    '5;',
    '0x10',
    'NaN',
    'Infinity',
    '1 2',
    '99999999999',
  ])('of %j says nothing', (header) => {
    expect(retryAfter({ 'retry-after': header }, NOW)).toBeUndefined();
  });

  test('gives way to an exact retry-after-ms, if that is a number', () => {
    expect(retryAfter({ 'retry-after': '7', 'retry-after-ms': '250' }, NOW)).toBe(250);
    expect(retryAfter({ 'retry-after': '7', 'retry-after-ms': 'soon' }, NOW)).toBe(7000);
  });

  test('that is absent, or there twice, says nothing', () => {
    expect(retryAfter({}, NOW)).toBeUndefined();
    expect(retryAfter({ 'retry-after': ['5', '6'] }, NOW)).toBeUndefined();
  });

  test('is a time that a timer can take, or nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (header) => {
          const ms = retryAfter({ 'retry-after': header }, NOW);
          if (ms !== undefined) expect(Number.isFinite(ms) && ms >= 0).toBe(true);
        },
      ),
    );
  });
});
