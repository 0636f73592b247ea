import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/tools/replay/answers/judge.ts';
import { ASKED, refusal } from './answers.ts';

const soon = { headers: { 'retry-after': '7' } };
const wrong = (reason: string) => ({ outcome: 'wrong', reason: expect.stringContaining(reason) });

describe('a refusal', () => {
  test.each([
    [429, 'rate_limit_error'],
    [503, 'server_error'],
  ])('with %d says when to come back', (status, type) => {
    expect(judge(refusal(status, type, soon), ASKED)).toEqual({
      outcome: 'rejected',
      kind: `${status} ${type}`,
      retryAfterMs: 7000,
    });
  });

  test.each([502, 504])('with %d is an error', (status) => {
    expect(judge(refusal(status, 'server_error'), ASKED)).toEqual({
      outcome: 'error',
      kind: `${status} server_error`,
      retryAfterMs: undefined,
    });
  });

  test.each([undefined, '0', '60', '99', '1.5', '-1', 'Wed, 21 Oct 2026 07:28:00 GMT'])(
    'with the Retry-After %s is wrong',
    (value) => {
      const answer = refusal(429, 'rate_limit_error', { headers: { 'retry-after': value } });
      expect(judge(answer, ASKED)).toMatchObject({ outcome: 'wrong' });
    },
  );

  test.each(['1', '59'])('with the Retry-After %s is right', (value) => {
    const answer = refusal(429, 'rate_limit_error', { headers: { 'retry-after': value } });
    expect(judge(answer, ASKED)).toMatchObject({ outcome: 'rejected' });
  });

  test.each([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'authorization_error'],
    [404, 'invalid_request_error'],
    [413, 'invalid_request_error'],
  ])('of a valid request with %d is wrong', (status, type) => {
    expect(judge(refusal(status, type), ASKED)).toEqual(wrong(`${status} for a valid request: No.`));
  });

  test.each([500, 409, 204, 302, 418])('with %d is not in the contract', (status) => {
    expect(judge(refusal(status, 'server_error'), ASKED)).toEqual(wrong(`status ${status}`));
  });

  test.each([
    ['the type of another status', refusal(504, 'rate_limit_error'), 'type rate_limit_error'],
    ['another id', refusal(504, 'server_error', { body: { id: 'another' } }), 'X-Request-ID'],
    [
      'no message on top',
      refusal(504, 'server_error', { body: { message: undefined } }),
      'without a message',
    ],
    ['no error object', refusal(504, 'server_error', { body: { error: 'No.' } }), 'the error of a 504'],
    [
      'another code',
      refusal(504, 'server_error', { body: { error: { code: 500, message: 'No.', type: 'server_error' } } }),
      'the error of a 504',
    ],
    [
      'two messages',
      refusal(504, 'server_error', { body: { error: { code: 504, message: 'Yes.', type: 'server_error' } } }),
      'the error of a 504',
    ],
  ])('with %s is wrong', (_, answer, reason) => {
    expect(judge(answer, ASKED)).toEqual(wrong(reason));
  });
});
