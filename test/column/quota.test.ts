import { expect, test } from 'vitest';
import type { Service } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { quota } from '../../src/column/quota.ts';
import { ask, places, refused, SCORES, sender } from './fake-quotas.ts';

test('a call is taken out of the quota of the client whose ask causes it', async () => {
  const { quotas, free, settled } = places({ search: 2 });
  const { scorer } = sender();
  await quota(quotas)(scorer).answer(ask('search'));
  expect(free).toEqual({ search: 1 });
  expect(settled).toEqual([true]);
});

test('a client whose quota is used up is refused at once, with the time to the next place', async () => {
  const { quotas } = places({ search: 0 });
  const { scorer, askedBy } = sender();
  const error = await refused(quota(quotas)(scorer).answer(ask('search')));
  expect(error).toMatchObject({ kind: 'quota_exhausted', retryAfterMs: 1234 });
  expect(error.rule).toMatchObject({
    status: 429,
    type: 'rate_limit_error',
    outcome: 'rejected',
    staleIfError: false,
  });
  expect(askedBy).toEqual([]);
});

test('a client without a quota is not counted', async () => {
  const { quotas, settled } = places({ search: 0 });
  const { scorer, askedBy } = sender();
  expect(await quota(quotas)(scorer).answer(ask('chatbot'))).toBe(SCORES);
  expect(askedBy).toEqual(['chatbot']);
  expect(settled).toEqual([]);
});

test('an ask that is sent three times is charged once', async () => {
  const { quotas, free, settled } = places({ search: 2 });
  await quota(quotas)(sender(3).scorer).answer(ask('search'));
  expect(free).toEqual({ search: 1 });
  expect(settled).toEqual([true]);
});

test('a call that fails is charged', async () => {
  const { quotas, free } = places({ search: 2 });
  const failing: Service = {
    async answer({ onSend }) {
      onSend?.();
      throw new RerankError('upstream_failed');
    },
  };
  const error = await refused(quota(quotas)(failing).answer(ask('search')));
  expect(error.kind).toBe('upstream_failed');
  expect(free).toEqual({ search: 1 });
});

test.each(['wait_too_long', 'queue_full', 'client_gone', 'draining'] as const)(
  'an ask that ends with %s before it was sent is not charged',
  async (kind) => {
    const { quotas, free } = places({ search: 2 });
    const queue: Service = { answer: () => Promise.reject(new RerankError(kind)) };
    expect((await refused(quota(quotas)(queue).answer(ask('search')))).kind).toBe(kind);
    expect(free).toEqual({ search: 2 });
  },
);

test('an ask that is answered without a call is not charged', async () => {
  const { quotas, free } = places({ search: 2 });
  const cache: Service = { answer: async () => ({ ...SCORES, sources: ['redis'] }) };
  await quota(quotas)(cache).answer(ask('search'));
  expect(free).toEqual({ search: 2 });
});

test('whoever listens for the call above still hears of it', async () => {
  const { quotas } = places({ search: 1 });
  let heard = 0;
  const onSend = (): void => void heard++;
  await quota(quotas)(sender().scorer).answer({ ...ask('search'), onSend });
  expect(heard).toBe(1);
});
