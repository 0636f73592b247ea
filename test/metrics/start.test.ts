import { beforeAll, describe, expect, test } from 'vitest';
import { RETRY_REASONS } from '../../src/calls/attempt.ts';
import { ERRORS, type ErrorKind } from '../../src/calls/errors.ts';
import { BLOCKS } from '../../src/pacing/window/window.ts';
import { ATTACHMENTS, CLIENTS, MODELS, Scraped } from './scrape.ts';

let scraped: Scraped;
beforeAll(() => {
  scraped = new Scraped();
});

/** Every client with every model. */
const EVERYBODY = CLIENTS.flatMap((client) => MODELS.map((model) => ({ client, model })));
const CLIENT_KNOWN = CLIENTS.map((client) => ({ client, model: 'other' }));
const NOBODY = [{ client: 'other', model: 'other' }];

/** What is known of a request by the time it can fail like this. */
const KNOWN: Readonly<Record<string, readonly Record<string, string>[]>> = {
  unauthenticated: NOBODY,
  method_not_allowed: NOBODY,
  draining: [...NOBODY, ...EVERYBODY],
  invalid_request: CLIENT_KNOWN,
  body_too_large: CLIENT_KNOWN,
  unknown_model: CLIENT_KNOWN,
  forbidden_model: CLIENT_KNOWN,
  // Of a route that is none, nothing is counted.
  unknown_route: [],
};

/** What is asked of Redis. */
const OPS = ['read', 'claim', 'write', 'release', 'quota', 'metrics'];

/** How many of these series are not there, at 0, before anything has happened. */
const missing = async (name: string, all: readonly Record<string, string>[]): Promise<unknown[]> => {
  const values = await Promise.all(all.map((labels) => scraped.value(name, labels)));
  return all.filter((_, i) => values[i] !== 0);
};

// A series that begins with its first event hides that event from `increase()`, and so from every alert.
describe('before anything has happened there is a 0', () => {
  test.each(Object.entries(ERRORS) as [ErrorKind, { status: number; outcome: string }][])(
    'for requests that end as %s',
    async (kind, { status, outcome }) => {
      const ends = (KNOWN[kind] ?? EVERYBODY).map((known) => ({ ...known, outcome, code: String(status) }));
      expect(await missing('requests_total', ends)).toEqual([]);
      const reasons = (KNOWN[kind] ?? EVERYBODY).map((known) => ({ ...known, reason: kind }));
      if (outcome === 'rejected') expect(await missing('rejections_total', reasons)).toEqual([]);
    },
  );

  test.each(['hit', 'partial', 'miss', 'stale', 'bypass'])('for requests answered as %s', async (outcome) => {
    const ends = EVERYBODY.map((known) => ({ ...known, outcome, code: '200' }));
    expect(await missing('requests_total', ends)).toEqual([]);
  });

  test.each(['none', ...BLOCKS])('for waits by reason: %s', async (reason) => {
    expect(
      await missing(
        'queue_waits_total',
        MODELS.map((model) => ({ model, reason })),
      ),
    ).toEqual([]);
  });

  test.each(['memory', 'redis', 'joined', 'upstream'])('for documents from %s', async (source) => {
    expect(
      await missing(
        'documents_total',
        MODELS.map((model) => ({ model, source })),
      ),
    ).toEqual([]);
  });

  test.each(['memory', 'redis'])('for every result of a look-up in %s', async (tier) => {
    const all = MODELS.flatMap((model) =>
      ['hit', 'partial', 'stale', 'miss'].map((result) => ({ model, tier, result })),
    );
    expect(await missing('cache_requests_total', all)).toEqual([]);
  });

  test.each(ATTACHMENTS)('for calls to %s, and what they cost', async (upstream) => {
    const all = MODELS.map((model) => ({ upstream, model }));
    const codes = all.flatMap((labels) => ['200', '429', 'failed'].map((code) => ({ ...labels, code })));
    expect(await missing('upstream_requests_total', codes)).toEqual([]);
    expect(await missing('upstream_search_units_total', all)).toEqual([]);
  });

  test('for calls of every client, and what they cost', async () => {
    const all = [...EVERYBODY, ...MODELS.map((model) => ({ client: 'other', model }))];
    expect(await missing('client_upstream_calls_total', all)).toEqual([]);
    expect(await missing('client_search_units_total', all)).toEqual([]);
    expect(await missing('request_search_units_total', all)).toEqual([]);
  });

  test.each(RETRY_REASONS)('for calls made again because one %s', async (reason) => {
    const all = MODELS.map((model) => ({ model, reason }));
    expect(await missing('upstream_retries_total', all)).toEqual([]);
  });

  test('for asks that join a call, and for pairs scored again', async () => {
    const models = MODELS.map((model) => ({ model }));
    expect(await missing('merged_requests_total', models)).toEqual([]);
    const results = models.flatMap((labels) => ['same', 'drifted'].map((result) => ({ ...labels, result })));
    expect(await missing('verified_pairs_total', results)).toEqual([]);
  });

  test('for errors of Redis', async () => {
    expect(
      await missing(
        'redis_errors_total',
        OPS.map((op) => ({ op })),
      ),
    ).toEqual([]);
  });
});
