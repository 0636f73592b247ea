import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import type { RequestRecord } from '../../src/http/context.ts';
import { requestId } from '../../src/http/ledger.ts';
import { onion } from './onion.ts';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

describe('a request’s id', () => {
  test.each([
    'a'.repeat(20),
    'a'.repeat(200),
    '0af76519-16cd-43dd-8448-eb211c80319c',
    'ABCxyz0189+/=-ABCxyz0189+/=-',
  ])('is the one it came with when that is %s', (id) => {
    expect(requestId(id)).toBe(id);
  });

  test.each([
    ['absent', undefined],
    ['empty', ''],
    ['too short', 'a'.repeat(19)],
    ['too long', 'a'.repeat(201)],
    ['with a blank in it', `${'a'.repeat(20)} b`],
    ['with a blank at its end', `${'a'.repeat(20)} `],
    ['on two lines', `${'a'.repeat(20)}\n`],
    ['with an underscore', `${'a'.repeat(20)}_`],
    ['with a quote', `${'a'.repeat(20)}"`],
    ['with a letter of another alphabet', `${'a'.repeat(20)}é`],
  ])('is a new one when it came %s', (_, id) => {
    expect(requestId(id)).toMatch(UUID);
  });

  test('is new every time', () => {
    expect(requestId(undefined)).not.toBe(requestId(undefined));
  });
});

describe('a request is counted exactly once', () => {
  const count = async (handler: () => Response | Promise<Response>) => {
    const records: RequestRecord[] = [];
    const app = onion((record) => records.push({ ...record }));
    app.post('/v1/rerank', handler);
    const response = await app.request('/v1/rerank', { method: 'POST' });
    expect(records).toHaveLength(1);
    return { response, record: records[0]! };
  };

  test('when it is answered, with the status and the time that it took', async () => {
    const { record } = await count(async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return new Response('', { status: 200 });
    });
    expect(record).toMatchObject({ method: 'POST', path: '/v1/rerank', status: 200 });
    // Timers may fire a little early.
    expect(record.durationMs).toBeGreaterThan(25);
  });

  test('when it is refused, with what it was refused for', async () => {
    const { record, response } = await count(() => {
      throw new RerankError('queue_full');
    });
    expect(record).toMatchObject({ status: 429, outcome: 'rejected', error: 'queue_full' });
    expect(response.headers.get('x-request-id')).toBe(record.id);
  });

  test('when it fails as nobody foresaw, with where for the log', async () => {
    const { record, response } = await count(() => {
      throw new TypeError('a bug');
    });
    expect(record).toMatchObject({ status: 500, outcome: 'error', error: 'internal' });
    expect(record.cause?.slice(0, 2)).toEqual(['TypeError', expect.stringContaining('ledger.test.ts')]);
    expect(await response.text()).not.toContain('a bug');
  });
});
