import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ByteStore } from '../../src/layers/redis.ts';
import { redisStore } from '../../src/layers/redis-store.ts';
import { isSettled } from '../support/fakes.ts';

/** After this time one command may try whether Redis is back, milliseconds. */
const PROBE_AFTER = 1000;

const VALUE = Buffer.from('value');

let sent: number;
let respond: () => Promise<Buffer>;
let reports: [op: string, ok: boolean][];
let store: ByteStore;

const works = async (): Promise<Buffer> => VALUE;
const fails = async (): Promise<Buffer> => {
  throw new Error('Command timed out');
};
const hangs = (): Promise<Buffer> => new Promise(() => {});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  sent = 0;
  respond = works;
  reports = [];
  const command = () => {
    sent++;
    return respond();
  };
  store = redisStore({
    // biome-ignore lint/suspicious/noExplicitAny: the client's overloads are of no interest here
    client: { getBuffer: command, set: command } as any,
    prefix: 'p:',
    onCommand: (op, ok) => reports.push([op, ok]),
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const later = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

/** Lets so many commands fail that Redis is left alone. */
const open = async (): Promise<void> => {
  respond = fails;
  for (let i = 0; i < 3; i++) expect(await store.get('a')).toBeUndefined();
  sent = 0;
};

describe('a Redis that fails three times in a row', () => {
  test('is left alone: nothing is sent, and nothing reported', async () => {
    await open();
    reports = [];
    respond = works;
    for (let i = 0; i < 100; i++) {
      expect(await store.get('a')).toBeUndefined();
      await store.set('a', VALUE, 1000);
    }
    expect(sent).toBe(0);
    expect(reports).toEqual([]);
  });

  test('is tried with one command after a while, and used again when that works', async () => {
    await open();
    respond = works;
    later(PROBE_AFTER - 1);
    expect(await store.get('a')).toBeUndefined();
    later(1);
    expect(await store.get('a')).toBe(VALUE);
    expect(await store.get('a')).toBe(VALUE);
    expect(sent).toBe(2);
  });

  test('is left alone for as long again when that fails', async () => {
    await open();
    later(PROBE_AFTER);
    for (let i = 0; i < 10; i++) await store.get('a');
    expect(sent).toBe(1);
    later(PROBE_AFTER - 1);
    await store.get('a');
    expect(sent).toBe(1);
  });

  test('holds up nobody but the one who tries whether it is back', async () => {
    await open();
    later(PROBE_AFTER);
    respond = hangs;
    const probe = store.get('a');
    const others = [store.get('a'), store.set('a', VALUE, 1000)];
    expect(await isSettled(Promise.all(others))).toBe(true);
    expect(await isSettled(probe)).toBe(false);
    expect(sent).toBe(1);
  });
});

describe('a Redis that fails now and then', () => {
  test('is used all the time', async () => {
    for (let i = 0; i < 10; i++) {
      respond = fails;
      await store.get('a');
      await store.set('a', VALUE, 1000);
      respond = works;
      expect(await store.get('a')).toBe(VALUE);
    }
    expect(sent).toBe(30);
  });
});

test('every command sent is reported, with its name and whether it worked', async () => {
  await store.get('a');
  respond = fails;
  await store.set('a', VALUE, 1000);
  expect(reports).toEqual([
    ['get', true],
    ['set', false],
  ]);
});

test('a key that Redis does not know is absent', async () => {
  respond = async () => null as unknown as Buffer;
  expect(await store.get('a')).toBeUndefined();
});

test('a value is kept for whole milliseconds, never fewer than asked', async () => {
  const calls: unknown[][] = [];
  const client = { set: async (...words: unknown[]) => void calls.push(words) };
  // biome-ignore lint/suspicious/noExplicitAny: only this command is used
  await redisStore({ client: client as any, prefix: 'p:' }).set('a', VALUE, 1000.2);
  expect(calls).toEqual([['p:scores:a', VALUE, 'PX', 1001]]);
});
