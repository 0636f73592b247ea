import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Live, MOST_VIEWERS } from '../../src/console/live.ts';
import type { Sources } from '../../src/console/sources.ts';
import type { Caller } from '../../src/http/context.ts';
import { eventsOf } from './events.ts';

const MODEL = 'a-model';
const caller = (name: string, admin = false): Caller => ({ name, models: undefined, admin });

let used = 0;
let looks = 0;
let live: Live;
const sources = (): Sources => ({
  version: '1',
  dyno: 'web.1',
  models: [MODEL],
  services: [
    { name: 'one', weight: 1, rpm: undefined },
    { name: 'two', weight: 3, rpm: undefined },
  ],
  windowMs: 60_000,
  families: async () => {
    looks++;
    return [];
  },
  lanes: () => [
    {
      upstream: 'RERANK',
      model: MODEL,
      limit: 250,
      used: used++,
      spaced: 0,
      foreign: 0,
      frees: [],
      pausedMs: 0,
      alone: false,
      standing: 'good',
      retryMs: 0,
    },
  ],
  used: () => [{ model: MODEL, used: used++ }],
  queueOf: () => ({ waiting: 0, waitingBy: () => new Map(), expectedMs: () => 0 }),
  quotaOf: () => undefined,
  granularities: () => [],
  lastFailure: () => undefined,
  readiness: () => ({ draining: false }),
  redis: () => undefined,
});

beforeEach(() => {
  vi.useFakeTimers();
  [used, looks] = [0, 0];
  live = new Live(sources());
});
afterEach(() => {
  live.end();
  vi.useRealTimers();
});

describe('whoever looks', () => {
  test('is told the last ten minutes, how things are, and each second what has changed', async () => {
    await vi.advanceTimersByTimeAsync(700_000);
    const events = eventsOf(live.watch(caller('one')));
    const history = await events.next();
    expect(history?.event).toBe('history');
    expect(history?.data[MODEL]).toHaveLength(120);
    const first = events.next();
    await vi.advanceTimersByTimeAsync(1);
    expect(await first).toMatchObject({
      event: 'snapshot',
      data: { gateway: { version: '1', dyno: 'web.1', redis: 'none' }, models: { [MODEL]: { waiting: 0 } } },
    });
    const second = events.next();
    await vi.advanceTimersByTimeAsync(1000);
    const change = await second;
    expect(change?.event).toBe('change');
    expect(Object.keys(change!.data).sort()).toEqual(['at', 'models']);
  });

  test('is told of tokens, now and in the last ten minutes, where a model has a limit of them', async () => {
    const tokens = { limit: 800_000, used: 790_000, spaced: 40_000, foreign: 9000, frees: [790_000] };
    const [lane] = sources().lanes();
    live.end();
    live = new Live({
      ...sources(),
      models: [MODEL, 'another'],
      lanes: () => [
        { ...lane!, tokens, block: 'tokens' },
        { ...lane!, model: 'another' },
      ],
      used: () => [
        { model: MODEL, used: 3, tokens: { used: 500 } },
        { model: MODEL, used: 4, tokens: { used: 200 } },
        { model: 'another', used: 5 },
      ],
    });
    await vi.advanceTimersByTimeAsync(5000);
    const events = eventsOf(live.watch(caller('one')));
    expect((await events.next())?.data).toEqual({
      [MODEL]: [[expect.any(Number), 7, 0, 700]],
      another: [[expect.any(Number), 5, 0]],
    });
    const snapshot = events.next();
    await vi.advanceTimersByTimeAsync(1);
    expect((await snapshot)?.data.models).toMatchObject({
      [MODEL]: { attachments: { RERANK: { tokens, block: 'tokens' } } },
      another: { attachments: { RERANK: expect.not.objectContaining({ tokens: expect.anything() }) } },
    });
  });

  test('sees its own service, and all of them only with an admin key', async () => {
    const [own, all] = [eventsOf(live.watch(caller('one'))), eventsOf(live.watch(caller('two', true)))];
    await Promise.all([own.next(), all.next()]);
    const next = Promise.all([own.next(), all.next()]);
    await vi.advanceTimersByTimeAsync(1);
    const [seenByOne, seenByAdmin] = await next;
    expect(Object.keys(seenByOne!.data.services!)).toEqual(['one']);
    expect(Object.keys(seenByAdmin!.data.services!)).toEqual(['one', 'two']);
    expect([seenByOne!.data.dynos, seenByAdmin!.data.dynos]).toEqual([undefined, {}]);
  });

  test('costs no more than one look a second, however many they are, and none when all have left', async () => {
    const many = Array.from({ length: MOST_VIEWERS }, () => eventsOf(live.watch(caller('one'))));
    await Promise.all(many.map((each) => each.next()));
    for (const each of many) void each.next();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThanOrEqual(11);
    await Promise.all(many.map((each) => each.leave()));
    expect(live.viewers).toBe(0);
    await vi.advanceTimersByTimeAsync(5000);
    const before = looks;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looks).toBe(before);
  });

  test('is one of a bounded number', () => {
    for (let i = 0; i < MOST_VIEWERS; i++) live.watch(caller('one'));
    expect(() => live.watch(caller('two'))).toThrow(/20 people look at the console/);
  });

  test('and does not read is sent one event, not more, and is let go after a minute', async () => {
    const body = live.watch(caller('one'));
    const reader = body.getReader();
    await reader.read();
    const second = reader.read();
    await vi.advanceTimersByTimeAsync(1);
    await second;
    // One more is made ready, and nothing after it.
    const third = reader.read();
    await vi.advanceTimersByTimeAsync(1000);
    await third;
    await vi.advanceTimersByTimeAsync(59_000);
    expect(live.viewers).toBe(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(live.viewers).toBe(0);
  });

  test('is told when the process drains, and then there is nothing to see', async () => {
    const events = eventsOf(live.watch(caller('one')));
    await events.next();
    live.end();
    expect(await events.next()).toEqual({ event: 'end', data: { reason: 'draining' } });
    expect(await events.next()).toBeUndefined();
    expect(() => live.watch(caller('one'))).toThrow('shutting down');
  });
});
