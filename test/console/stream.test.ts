import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MOST_VIEWERS } from '../../src/console/live.ts';
import { KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { eventsOf } from './events.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway();
});
afterEach(() => gateway.stop());

const watch = (init: RequestInit = {}): Promise<Response> =>
  fetch(`${gateway.url}/console/live`, { headers: { authorization: `Bearer ${KEYS.search}` }, ...init });

describe('the stream of the console', () => {
  test('is for callers with a key', async () => {
    const { status } = await watch({ headers: {} });
    expect(status).toBe(401);
  });

  test('is for so many at a time, and a place that is left is free again', async () => {
    const abort = new AbortController();
    const all = await Promise.all(
      Array.from({ length: MOST_VIEWERS }, () => watch({ signal: abort.signal })),
    );
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    const refused = await watch();
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
    expect(((await refused.json()) as { message: string }).message).toContain('look at the console already');
    abort.abort();
    await expect
      .poll(async () => {
        const { status, body } = await watch();
        await body?.cancel();
        return status;
      })
      .toBe(200);
  });

  test('gives no place to those who ask for its headers only', async () => {
    for (let i = 0; i < MOST_VIEWERS + 1; i++) expect((await watch({ method: 'HEAD' })).status).toBe(200);
    const { status, body } = await watch();
    expect(status).toBe(200);
    await body!.cancel();
  });

  test('is no rerank request', async () => {
    const before = metric(await gateway.metrics(), 'gateway_requests_total');
    const events = eventsOf((await watch()).body!);
    await events.next();
    await events.leave();
    expect(metric(await gateway.metrics(), 'gateway_requests_total')).toBe(before);
  });

  test('ends when the process drains, which waits for nobody who looks', async () => {
    const events = eventsOf((await watch()).body!);
    await events.next();
    const drained = gateway.gateway.drain();
    const names: string[] = [];
    for (let next = await events.next(); next; next = await events.next()) names.push(next.event);
    expect(names.at(-1)).toBe('end');
    await drained;
  });
});
