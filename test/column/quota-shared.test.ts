import { expect, test } from 'vitest';
import type { Service } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { flight } from '../../src/column/flight.ts';
import { ownQuotaOnly, quota } from '../../src/column/quota.ts';
import type { Quotas } from '../../src/quota/quotas.ts';
import { ask, places, sender } from './fake-quotas.ts';

/** The part of the column that decides who pays for a shared call. */
const column = (quotas: Quotas, inner: Service): Service => ownQuotaOnly()(flight()(quota(quotas)(inner)));

test('who joins a flight is not charged', async () => {
  const { quotas, free } = places({ search: 5, chatbot: 5 });
  const { scorer, askedBy } = sender();
  const shared = column(quotas, scorer);
  const clients = ['search', 'search', 'chatbot', 'other'];
  const answers = await Promise.all(clients.map((client) => shared.answer(ask(client))));
  expect(answers.map(({ sources }) => sources[0])).toEqual(['upstream', 'joined', 'joined', 'joined']);
  expect(askedBy).toEqual(['search']);
  expect(free).toEqual({ search: 4, chatbot: 5 });
});

test('a flight refused for the quota of its leader goes on, once, for those of other clients', async () => {
  const { quotas, free } = places({ search: 0, batch: 0, chatbot: 5 });
  const { scorer, askedBy } = sender();
  const shared = column(quotas, scorer);
  const clients = ['search', 'search', 'batch', 'chatbot', 'other', 'batch', 'chatbot'];
  const results = await Promise.allSettled(clients.map((client) => shared.answer(ask(client))));
  const whatBecame = results.map((result) =>
    result.status === 'fulfilled' ? 'answered' : (result.reason as RerankError).kind,
  );
  expect(whatBecame).toEqual([
    'quota_exhausted',
    'quota_exhausted',
    'quota_exhausted',
    'answered',
    'answered',
    'quota_exhausted',
    'answered',
  ]);
  expect(askedBy).toEqual(['chatbot']);
  expect(free).toEqual({ search: 0, batch: 0, chatbot: 4 });
});

test('an error other than the quota is not tried again', async () => {
  let asked = 0;
  const failing: Service = {
    async answer() {
      asked++;
      throw new RerankError('upstream_failed');
    },
  };
  const shared = column(places({}).quotas, failing);
  await Promise.allSettled([shared.answer(ask('search')), shared.answer(ask('chatbot'))]);
  expect(asked).toBe(1);
});
