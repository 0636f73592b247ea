import { expect, test } from 'vitest';
import { flight } from '../../src/layers/flight.ts';
import { ownQuotaOnly, type Quotas, quota } from '../../src/layers/quota.ts';
import { RerankError } from '../../src/rerank/errors.ts';
import { identify } from '../../src/rerank/identity.ts';
import type { Ask, Scorer, Scores } from '../../src/rerank/scoring.ts';

const ask = (client: string, query = 'q'): Ask => ({
  model: 'm',
  query,
  documents: ['d'],
  identity: identify({ scope: '', model: 'm', query, documents: ['d'] }),
  cache: { read: true, write: true, forward: true, maxAgeMs: Number.POSITIVE_INFINITY, staleIfError: true },
  terms: {
    client,
    urgency: 3,
    deadline: performance.now() + 20_000,
    signal: new AbortController().signal,
  },
});

const SCORES: Scores = {
  values: Float64Array.of(0.5),
  sources: ['upstream'],
  scoredAt: 0,
  searchUnits: 1,
  stale: false,
  stored: false,
  timing: { cacheMs: 0, queueMs: 0, upstreamMs: 0 },
  rateLimit: {},
};

/** A store with so many places for each client named; others have no quota. */
const places = (free: Record<string, number>) => {
  const settled: boolean[] = [];
  const quotas: Quotas = {
    take: async (client) => {
      const left = free[client];
      if (left === undefined) return undefined;
      if (left === 0) return { retryInMs: 1234 };
      free[client] = left - 1;
      return {
        settle: (called) => {
          settled.push(called);
          if (!called) free[client]! += 1;
        },
      };
    },
  };
  return { quotas, free, settled };
};

/** The end of the column: sends each ask `attempts` times. */
const sender = (attempts = 1) => {
  const askedBy: string[] = [];
  const scorer: Scorer = {
    async score({ terms, onSend }) {
      askedBy.push(terms.client);
      for (let i = 0; i < attempts; i++) onSend?.();
      return SCORES;
    },
  };
  return { scorer, askedBy };
};

const refused = (promise: Promise<unknown>): Promise<RerankError> =>
  promise.then(
    () => expect.unreachable('it was answered'),
    (thrown) => thrown as RerankError,
  );

test('a call is taken out of the quota of the client whose ask causes it', async () => {
  const { quotas, free, settled } = places({ search: 2 });
  const { scorer } = sender();
  await quota(quotas)(scorer).score(ask('search'));
  expect(free).toEqual({ search: 1 });
  expect(settled).toEqual([true]);
});

test('a client whose quota is used up is refused at once, with the time to the next place', async () => {
  const { quotas } = places({ search: 0 });
  const { scorer, askedBy } = sender();
  const error = await refused(quota(quotas)(scorer).score(ask('search')));
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
  expect(await quota(quotas)(scorer).score(ask('chatbot'))).toBe(SCORES);
  expect(askedBy).toEqual(['chatbot']);
  expect(settled).toEqual([]);
});

test('an ask that is sent three times is charged once', async () => {
  const { quotas, free, settled } = places({ search: 2 });
  await quota(quotas)(sender(3).scorer).score(ask('search'));
  expect(free).toEqual({ search: 1 });
  expect(settled).toEqual([true]);
});

test('a call that fails is charged', async () => {
  const { quotas, free } = places({ search: 2 });
  const failing: Scorer = {
    async score({ onSend }) {
      onSend?.();
      throw new RerankError('upstream_failed');
    },
  };
  const error = await refused(quota(quotas)(failing).score(ask('search')));
  expect(error.kind).toBe('upstream_failed');
  expect(free).toEqual({ search: 1 });
});

test.each(['wait_too_long', 'queue_full', 'client_gone', 'draining'] as const)(
  'an ask that ends with %s before it was sent is not charged',
  async (kind) => {
    const { quotas, free } = places({ search: 2 });
    const queue: Scorer = { score: () => Promise.reject(new RerankError(kind)) };
    expect((await refused(quota(quotas)(queue).score(ask('search')))).kind).toBe(kind);
    expect(free).toEqual({ search: 2 });
  },
);

test('an ask that is answered without a call is not charged', async () => {
  const { quotas, free } = places({ search: 2 });
  const cache: Scorer = { score: async () => ({ ...SCORES, sources: ['redis'] }) };
  await quota(quotas)(cache).score(ask('search'));
  expect(free).toEqual({ search: 2 });
});

test('whoever listens for the call above still hears of it', async () => {
  const { quotas } = places({ search: 1 });
  let heard = 0;
  const onSend = (): void => void heard++;
  await quota(quotas)(sender().scorer).score({ ...ask('search'), onSend });
  expect(heard).toBe(1);
});

/** The part of the column that decides who pays for a shared call. */
const column = (quotas: Quotas, inner: Scorer): Scorer => ownQuotaOnly()(flight()(quota(quotas)(inner)));

test('who joins a flight is not charged', async () => {
  const { quotas, free } = places({ search: 5, chatbot: 5 });
  const { scorer, askedBy } = sender();
  const shared = column(quotas, scorer);
  const clients = ['search', 'search', 'chatbot', 'other'];
  const answers = await Promise.all(clients.map((client) => shared.score(ask(client))));
  expect(answers.map(({ sources }) => sources[0])).toEqual(['upstream', 'joined', 'joined', 'joined']);
  expect(askedBy).toEqual(['search']);
  expect(free).toEqual({ search: 4, chatbot: 5 });
});

test('a flight refused for the quota of its leader goes on, once, for those of other clients', async () => {
  const { quotas, free } = places({ search: 0, batch: 0, chatbot: 5 });
  const { scorer, askedBy } = sender();
  const shared = column(quotas, scorer);
  const clients = ['search', 'search', 'batch', 'chatbot', 'other', 'batch', 'chatbot'];
  const results = await Promise.allSettled(clients.map((client) => shared.score(ask(client))));
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
  const failing: Scorer = {
    async score() {
      asked++;
      throw new RerankError('upstream_failed');
    },
  };
  const shared = column(places({}).quotas, failing);
  await Promise.allSettled([shared.score(ask('search')), shared.score(ask('chatbot'))]);
  expect(asked).toBe(1);
});
