import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorKind, RerankError, toRerankError } from '../../src/calls/errors.ts';

const rules = Object.entries(ERRORS) as [ErrorKind, RerankError['rule']][];

/** The contract's table: which types a status may carry. */
const TYPES: Readonly<Record<number, readonly string[]>> = {
  400: ['invalid_request_error'],
  401: ['authentication_error'],
  403: ['authorization_error'],
  404: ['invalid_request_error'],
  405: ['invalid_request_error'],
  415: ['invalid_request_error'],
  431: ['invalid_request_error'],
  413: ['invalid_request_error'],
  429: ['rate_limit_error'],
  // Nobody reads it: the caller is gone. It stands in the log.
  499: ['invalid_request_error'],
  500: ['server_error'],
  502: ['server_error'],
  503: ['server_error'],
  504: ['server_error'],
};

describe('the table of errors', () => {
  test.each(rules)('gives %s a status and the type that goes with it', (_, { status, type }) => {
    expect(TYPES[status]).toContain(type);
  });

  test.each(rules)('lets %s stand for a stale score only when the upstream is to blame', (kind, rule) => {
    const upstreamFailed =
      kind === 'deadline' ||
      kind === 'no_upstream' ||
      (kind.startsWith('upstream_') && kind !== 'upstream_invalid');
    expect(rule.staleIfError).toBe(upstreamFailed);
  });

  test('has no 409, which clients would retry', () => {
    expect(rules.map(([, { status }]) => status)).not.toContain(409);
  });
});

describe('an error', () => {
  test('says what the table says when it has nothing more exact to say', () => {
    for (const [kind, { message }] of rules) expect(new RerankError(kind).message).toBe(message);
    expect(new RerankError('internal', 'Something else.').message).toBe('Something else.');
  });

  test('of the table stays what it is when it is thrown through', () => {
    const error = new RerankError('deadline');
    expect(toRerankError(error)).toBe(error);
  });

  test.each([new TypeError('secret'), 'secret', undefined, null, { kind: 'deadline' }])(
    'from elsewhere (%s) is internal, and keeps its text to itself',
    (thrown) => {
      const error = toRerankError(thrown);
      expect(error).toMatchObject({ kind: 'internal', message: ERRORS.internal.message, cause: thrown });
    },
  );
});
