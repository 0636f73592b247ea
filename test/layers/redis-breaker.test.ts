import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PairStore } from '../../src/layers/redis.ts';
import { type Claims, redisPairs } from '../../src/layers/redis-pairs.ts';
import { toBytes } from '../../src/rerank/pairs.ts';
import { isSettled } from '../support/fakes.ts';

/** After this time one command may try whether Redis is back, milliseconds. */
const PROBE_AFTER = 1000;

const PAIRS = Float64Array.of(1, 2, 0.5, 1_700_000_000_000);
const KNOWN = toBytes(PAIRS);

/** Nobody claims anything here. */
const claims: Claims = {
  channel: '',
  open: () => '',
  expect: () => {},
  close: () => {},
  ended: async () => {},
};

let sent: number;
let respond: () => Promise<Buffer>;
let reports: [op: string, ok: boolean][];
let store: PairStore;

const works = async (): Promise<Buffer> => KNOWN;
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
  const client = { getrangeBuffer: command, defineCommand: () => {}, pairsWriteBuffer: command };
  store = redisPairs({
    // biome-ignore lint/suspicious/noExplicitAny: the client's overloads are of no interest here
    client: client as any,
    prefix: 'p:',
    claims,
    claimMs: 1000,
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
  for (let i = 0; i < 3; i++) expect(await store.read('a')).toBeUndefined();
  sent = 0;
};

describe('a Redis that fails three times in a row', () => {
  test('is left alone: nothing is sent, and nothing reported', async () => {
    await open();
    reports = [];
    respond = works;
    for (let i = 0; i < 100; i++) {
      expect(await store.read('a')).toBeUndefined();
      await store.write('a', PAIRS, 1000, undefined);
    }
    expect(sent).toBe(0);
    expect(reports).toEqual([]);
  });

  test('is tried with one command after a while, and used again when that works', async () => {
    await open();
    respond = works;
    later(PROBE_AFTER - 1);
    expect(await store.read('a')).toBeUndefined();
    later(1);
    expect(await store.read('a')).toEqual(PAIRS);
    expect(await store.read('a')).toEqual(PAIRS);
    expect(sent).toBe(2);
  });

  test('is left alone for as long again when that fails', async () => {
    await open();
    later(PROBE_AFTER);
    for (let i = 0; i < 10; i++) await store.read('a');
    expect(sent).toBe(1);
    later(PROBE_AFTER - 1);
    await store.read('a');
    expect(sent).toBe(1);
  });

  test('holds up nobody but the one who tries whether it is back', async () => {
    await open();
    later(PROBE_AFTER);
    respond = hangs;
    const probe = store.read('a');
    const others = [store.read('a'), store.write('a', PAIRS, 1000, undefined)];
    expect(await isSettled(Promise.all(others))).toBe(true);
    expect(await isSettled(probe)).toBe(false);
    expect(sent).toBe(1);
  });
});

describe('a Redis that fails now and then', () => {
  test('is used all the time', async () => {
    for (let i = 0; i < 10; i++) {
      respond = fails;
      await store.read('a');
      await store.write('a', PAIRS, 1000, undefined);
      respond = works;
      expect(await store.read('a')).toEqual(PAIRS);
    }
    expect(sent).toBe(30);
  });
});

test('every command sent is reported, with its name and whether it worked', async () => {
  await store.read('a');
  respond = fails;
  await store.write('a', PAIRS, 1000, undefined);
  expect(reports).toEqual([
    ['read', true],
    ['write', false],
  ]);
});

test('a key that Redis does not know is known to have no pairs', async () => {
  respond = async () => Buffer.alloc(0);
  expect(await store.read('a')).toEqual(new Float64Array());
});
