import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ERRORS, type ErrorKind, invalidField, RerankError } from '../../src/calls/errors.ts';
import { errorResponse } from '../../src/http/respond.ts';
import { aRecord } from './onion.ts';

const kinds = Object.keys(ERRORS) as ErrorKind[];
const throttled = (retryAfterMs?: number): Response =>
  errorResponse(
    new RerankError('wait_too_long', undefined, retryAfterMs === undefined ? {} : { retryAfterMs }),
    aRecord(),
  );
const secondsOf = (response: Response): number => {
  const header = response.headers.get('retry-after') ?? '';
  expect(header).toMatch(/^([1-9]|[1-5]\d)$/);
  return Number(header);
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('an error’s answer', () => {
  test.each(kinds)('has the one body that all clients read: %s', async (kind) => {
    const record = aRecord();
    const response = errorResponse(new RerankError(kind), record);
    const { status, type, message, outcome } = ERRORS[kind];
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-request-id')).toBe(record.id);
    expect(await response.json()).toEqual({ id: record.id, message, error: { code: status, message, type } });
    expect(record).toMatchObject({ outcome, error: kind });
  });

  test.each(kinds)('says when to come back if its status is 429 or 503, and only then: %s', (kind) => {
    const response = errorResponse(new RerankError(kind, undefined, { retryAfterMs: 5000 }), aRecord());
    expect(response.headers.has('retry-after')).toBe([429, 503].includes(ERRORS[kind].status));
  });

  test('tells programs which field is to blame, where one is', async () => {
    const response = errorResponse(invalidField('documents[3]', 'must not be empty.'), aRecord());
    const { message, error } = (await response.json()) as { message: string; error: { param?: string } };
    expect(error.param).toBe('documents[3]');
    expect(message).toBe('`documents[3]` must not be empty.');
  });

  test.each([413, 422])('has the status of the upstream where that is the caller’s: %i', async (status) => {
    const error = new RerankError('upstream_invalid', 'too long', { status, upstreamStatus: status });
    const record = aRecord();
    const response = errorResponse(error, record);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: status, type: 'invalid_request_error' } });
    expect(record).toMatchObject({ outcome: 'invalid', error: 'upstream_invalid' });
  });

  test('carries the headers that belong to the error', () => {
    const error = new RerankError('method_not_allowed', undefined, { headers: { Allow: 'POST' } });
    expect(errorResponse(error, aRecord()).headers.get('allow')).toBe('POST');
  });

  test('holds nothing of an error that nobody foresaw; where it was thrown is kept for the log', async () => {
    const record = aRecord();
    const bug = new TypeError('SECRET of /some/path');
    const response = errorResponse(bug, record);
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toContain('SECRET');
    expect(text).not.toContain('.ts');
    expect(record.cause?.[0]).toBe('TypeError');
    expect(record.cause?.[1]).toContain('error-response.test.ts');
    expect(JSON.stringify(record.cause)).not.toContain('SECRET');
  });

  test('keeps no cause of an error that is in the table', () => {
    const record = aRecord();
    errorResponse(new RerankError('upstream_failed', undefined, { cause: 'SECRET' }), record);
    expect(record.cause).toBeUndefined();
  });
});

describe('Retry-After', () => {
  test('is whole seconds from 1 to 59, and never less than the wait', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 300_000, noNaN: true }), (ms) => {
        const seconds = secondsOf(throttled(ms));
        if (ms <= 59_000) expect(seconds * 1000).toBeGreaterThanOrEqual(ms);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    [0, 1],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [30_000, 30],
    [58_001, 59],
    [59_000, 59],
    [60_000, 59],
    [3_600_000, 59],
    [Number.POSITIVE_INFINITY, 59],
    [-5000, 1],
  ])('for a wait of %d ms is %i s at the earliest', (ms, seconds) => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    expect(secondsOf(throttled(ms))).toBe(seconds);
  });

  test('spreads callers over some time after the wait, since their clients would all come back at once', () => {
    const seconds = Array.from({ length: 300 }, () => secondsOf(throttled(30_000)));
    expect(new Set(seconds).size).toBeGreaterThan(3);
    // A fifth later at most.
    expect(Math.max(...seconds)).toBeLessThanOrEqual(36);
  });

  test('is there, and short, where nobody knows how long it takes', () => {
    for (let i = 0; i < 100; i++) expect(secondsOf(throttled())).toBeLessThanOrEqual(2);
  });
});
