import { describe, expect, test } from 'vitest';
import { MOST_RECENT, Recent } from '../../src/console/recent.ts';
import type { RequestRecord } from '../../src/http/context.ts';

const ADMIN = { name: 'boss', models: undefined, admin: true };
const caller = (name: string) => ({ name, models: undefined, admin: false });

const record = (over: Partial<RequestRecord> = {}): RequestRecord => ({
  id: 'the-id-of-one-request',
  method: 'POST',
  path: '/v1/rerank',
  startedAt: 0,
  client: 'search',
  outcome: 'hit',
  status: 200,
  durationMs: 3,
  ...over,
});

describe('a request that is asked about', () => {
  test('is told as it went, with its texts counted by where their values came from', () => {
    const recent = new Recent();
    const attempts = [{ attachment: 'RERANK', code: '200', atMs: 20, ms: 30 }];
    recent.note(
      record({
        sources: { memory: 2, redis: 1 },
        timing: {
          cacheMs: 1,
          queueMs: 20,
          upstreamMs: 30,
          wait: { predictedMs: 25, reason: 'spaced' },
          attempts,
        },
        searchUnits: 1,
      }),
    );
    expect(recent.find('the-id-of-one-request', caller('search'))).toMatchObject({
      outcome: 'hit',
      sources: { memory: 2, redis: 1 },
      wait: { predictedMs: 25, reason: 'spaced' },
      attempts,
      searchUnits: 1,
    });
  });

  test('that failed tells its attempts, too', () => {
    const recent = new Recent();
    const each = [{ attachment: 'RERANK', code: '500', atMs: 0, ms: 9 }];
    const calls = { attachment: 'RERANK', attempts: 1, queueMs: 2, upstreamMs: 9, each };
    recent.note(record({ outcome: 'error', status: 502, upstream: { status: 500, code: undefined, calls } }));
    expect(recent.find('the-id-of-one-request', ADMIN)).toMatchObject({ attempts: each, queueMs: 2 });
  });

  test('is found by its own service, and by an admin key, not by others', () => {
    const recent = new Recent();
    recent.note(record());
    recent.note(record({ id: 'nobody-knows-who-asked', client: undefined as never }));
    expect(recent.find('the-id-of-one-request', caller('chatbot'))).toBeUndefined();
    expect(recent.find('the-id-of-one-request', ADMIN)).toBeDefined();
    expect(recent.find('nobody-knows-who-asked', caller('chatbot'))).toBeUndefined();
    expect(recent.find('nobody-knows-who-asked', ADMIN)).toBeDefined();
  });

  test('is forgotten when so many others have come', () => {
    const recent = new Recent();
    recent.note(record());
    for (let i = 1; i < MOST_RECENT; i++) recent.note(record({ id: `another-${i}` }));
    expect(recent.find('the-id-of-one-request', ADMIN)).toBeDefined();
    recent.note(record({ id: 'one-more' }));
    expect(recent.find('the-id-of-one-request', ADMIN)).toBeUndefined();
  });
});
