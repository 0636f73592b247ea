import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Claims } from '../../src/cache/claims.ts';
import { type Channel, MAX_MESSAGE_BYTES } from '../../src/redis/channel.ts';
import { FakeAir, type FakeChannel } from '../redis/channels.ts';
import { isSettled } from '../support/fakes.ts';

const never = new AbortController().signal;

let air: FakeAir;
let processes: { claims: Claims; channel: FakeChannel }[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  air = new FakeAir();
  processes = [0, 1].map(() => {
    const channel = air.channel();
    return { channel, claims: new Claims(channel as unknown as Channel) };
  });
});
afterEach(() => {
  for (const { claims } of processes) claims.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const [owner, waiter] = [() => processes[0]!, () => processes[1]!];
const pass = (ms: number): void => void vi.advanceTimersByTime(ms);

describe('a claim', () => {
  test('has a name that no other claim of any process has', () => {
    const names = processes.flatMap(({ claims }) => Array.from({ length: 100 }, () => claims.open()));
    expect(new Set(names).size).toBe(200);
    for (const name of names) expect(name).not.toContain(' ');
  });

  test('is named several times a second while it is open, and no more afterwards', () => {
    const claim = owner().claims.open();
    pass(1000);
    expect(air.said).toEqual(new Array(4).fill(`claims ${claim}`));
    owner().claims.close(claim);
    pass(1000);
    expect(air.said).toHaveLength(4);
  });

  test('is named, however many there are, in messages that are heard', async () => {
    const claims = Array.from({ length: 2000 }, () => owner().claims.open());
    for (const claim of claims) owner().claims.expect(claim, performance.now() + 1e8);
    const end = waiter().claims.ended(claims.at(-1)!, never);
    pass(2000);
    expect(await isSettled(end)).toBe(false);
    expect(air.said.filter(({ length }) => length > MAX_MESSAGE_BYTES)).toEqual([]);
  });

  test('is waited for as long as it is named', async () => {
    const end = waiter().claims.ended(owner().claims.open(), never);
    pass(20_000);
    expect(await isSettled(end)).toBe(false);
  });

  test('is named with the time until its answer, which whoever waits hears in his own time', () => {
    const claim = owner().claims.open();
    const heard: number[] = [];
    void waiter().claims.ended(claim, never, (answerAt) => heard.push(answerAt));
    owner().claims.expect(claim, performance.now() + 60_000);
    pass(250);
    expect(heard).toHaveLength(1);
    const ahead = heard[0]! - performance.now();
    expect(ahead).toBeGreaterThan(50_000);
    expect(ahead).toBeLessThanOrEqual(60_001);
  });

  test('ends for all who wait when its end is told', async () => {
    const claim = owner().claims.open();
    const ends = [waiter().claims.ended(claim, never), waiter().claims.ended(claim, never)];
    owner().channel.publish('over', claim);
    for (const end of ends) expect(await isSettled(end)).toBe(true);
  });

  test('is still waited for by whoever wants to be certain when somebody says that it has ended', async () => {
    const claim = owner().claims.open();
    const believing = waiter().claims.ended(claim, never);
    const certain = waiter().claims.ended(claim, never, () => {}, true);
    waiter().channel.publish('over', claim);
    expect(await believing).toBe(false);
    expect(await isSettled(certain)).toBe(false);
    // What is named after its end has not ended.
    pass(250);
    const later = waiter().claims.ended(claim, never);
    pass(5000);
    expect(await isSettled(certain)).toBe(false);
    expect(await isSettled(later)).toBe(false);
    owner().claims.stop();
    pass(1000);
    expect(await certain).toBe(true);
    expect(await later).toBe(true);
  });

  test('of one’s own does not end for what others say', async () => {
    const claim = owner().claims.open();
    const end = owner().claims.ended(claim, never);
    waiter().channel.publish('over', claim);
    expect(await isSettled(end)).toBe(false);
    owner().claims.close(claim);
    expect(await end).toBe(true);
  });

  test('that cannot be one is not remembered, however many there are', async () => {
    const claim = owner().claims.open();
    waiter().channel.publish('over', claim);
    for (let i = 0; i < 2000; i++) owner().channel.publish('over', `foreign ${i}`);
    expect(await waiter().claims.ended(claim, never)).toBe(false);
  });

  test('is over for whoever hears its name after its end', async () => {
    const claim = owner().claims.open();
    owner().channel.publish('over', claim);
    expect(await isSettled(waiter().claims.ended(claim, never))).toBe(true);
  });

  test('is abandoned after a second without its name', async () => {
    const end = waiter().claims.ended(owner().claims.open(), never);
    pass(2000);
    owner().claims.stop();
    pass(700);
    expect(await isSettled(end)).toBe(false);
    pass(300);
    expect(await isSettled(end)).toBe(true);
  });

  test('of a process that was never heard of is abandoned after a second', async () => {
    const end = waiter().claims.ended('nobody.0', never);
    pass(700);
    expect(await isSettled(end)).toBe(false);
    pass(300);
    expect(await isSettled(end)).toBe(true);
  });

  test('is not abandoned for a name or two that nobody heard', async () => {
    const end = waiter().claims.ended(owner().claims.open(), never);
    for (let i = 0; i < 5; i++) {
      waiter().channel.deaf = true;
      pass(500);
      waiter().channel.deaf = false;
      pass(250);
    }
    expect(await isSettled(end)).toBe(false);
  });

  test('of one’s own is waited for though nothing is heard, and ends when it is closed', async () => {
    owner().channel.deaf = true;
    const claim = owner().claims.open();
    const end = owner().claims.ended(claim, never);
    pass(5000);
    expect(await isSettled(end)).toBe(false);
    owner().claims.close(claim);
    expect(await isSettled(end)).toBe(true);
  });
});

describe('whoever waits', () => {
  test.each(['abc', 'NaN', '', '-5', '1e400', '99999999999999999999', '1=2'])(
    'is told of no moment by a message that names none: %j',
    async (text) => {
      const claim = owner().claims.open();
      const expected: number[] = [];
      const end = waiter().claims.ended(claim, never, (answerAt) => void expected.push(answerAt));
      owner().channel.publish('claims', `${claim}=${text}`);
      expect(expected.filter((answerAt) => !Number.isFinite(answerAt) || answerAt > 1e12)).toEqual([]);
      owner().channel.publish('over', claim);
      await end;
    },
  );

  test('hears his own signal’s reason at once, and leaves the others waiting', async () => {
    const gone = new AbortController();
    const claim = owner().claims.open();
    const left = waiter().claims.ended(claim, gone.signal);
    const stays = waiter().claims.ended(claim, never);
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(await isSettled(stays)).toBe(false);
    owner().channel.publish('over', claim);
    expect(await isSettled(stays)).toBe(true);
  });

  test('is rejected when he has gone before', async () => {
    const end = waiter().claims.ended('nobody.0', AbortSignal.abort(new Error('gone')));
    await expect(end).rejects.toThrow('gone');
  });

  test('leaves no listener behind', async () => {
    const signals = Array.from({ length: 3 }, () => new AbortController());
    const claim = owner().claims.open();
    const ends = signals.map(({ signal }) => waiter().claims.ended(claim, signal));
    signals[0]!.abort(new Error('gone'));
    owner().channel.publish('over', claim);
    await Promise.allSettled(ends);
    for (const { signal } of signals) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('remembers the latest thousand ends, and forgets those before', async () => {
    for (let i = 0; i < 1500; i++) owner().channel.publish('over', `claim.${i}`);
    expect(await isSettled(waiter().claims.ended('claim.1499', never))).toBe(true);
    expect(await isSettled(waiter().claims.ended('claim.500', never))).toBe(true);
    expect(await isSettled(waiter().claims.ended('claim.499', never))).toBe(false);
  });
});
