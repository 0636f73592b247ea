import { afterEach, beforeEach, expect, test } from 'vitest';
import { turns, until } from '../support/fakes.ts';
import { Fleet, FRESH_MS, type Member } from './members.ts';

let fleet: Fleet;
let a: Member;
let b: Member;

beforeEach(async () => {
  fleet = await Fleet.start();
  a = await fleet.add('web.1');
  b = await fleet.add('web.2');
  await until(async () => Object.keys(await a.tell()).length === 2);
});
afterEach(() => fleet.stop());

test('while Redis hangs, a process answers for itself alone, soon, and says so', async () => {
  fleet.redis.freeze();
  const started = performance.now();
  expect(await a.tell()).toEqual({ 'web.1': 0 });
  expect(performance.now() - started).toBeLessThan(1000);
  expect(a.silences).toBeGreaterThan(0);
});

test('it tells what it counts meanwhile once the others would have ceased to tell of it', async () => {
  fleet.redis.freeze();
  a.count = 7;
  expect(await a.tell()).toEqual({ 'web.1': 0 });
  await expect.poll(() => a.tell(), { timeout: 10 * FRESH_MS }).toEqual({ 'web.1': 7 });
});

test('a process that starts meanwhile tells gauges, and no counts as long as its predecessor may be told of', async () => {
  await fleet.redis.kill();
  const young = await fleet.add('web.1', { awaited: false });
  young.count = 7;
  expect(await young.metrics.render()).toContain('depth{dyno="web.1"} 7');
  expect(await young.tell()).toEqual({});
  await expect.poll(() => young.tell(), { timeout: 10 * FRESH_MS }).toEqual({ 'web.1': 7 });
});

test('ten scrapes at once wait no longer than one', async () => {
  fleet.redis.freeze();
  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: 10 }, () => a.tell()));
  expect(performance.now() - started).toBeLessThan(1000);
  expect(answers).toEqual(Array(10).fill({ 'web.1': 0 }));
});

test.each(['stop', 'kill'] as const)(
  'after a %s of Redis it answers for itself at once, and for all when Redis is back',
  async (end) => {
    await fleet.redis[end]();
    b.count = 2;
    expect(await a.tell()).toEqual({ 'web.1': 0 });
    expect(a.silences).toBeGreaterThan(0);
    await fleet.redis.start();
    await expect.poll(() => a.tell(), { timeout: 5000 }).toEqual({ 'web.1': 0, 'web.2': 2 });
  },
);

test('a full Redis takes the snapshots of those that it knows, and new ones', async () => {
  await a.client.call('CONFIG', 'SET', 'maxmemory', '1');
  await expect(a.client.set('anything', 1)).rejects.toThrow('OOM');
  b.count = 3;
  const c = await fleet.add('web.3');
  await expect.poll(() => a.tell()).toEqual({ 'web.1': 0, 'web.2': 3, 'web.3': 0 });
  await fleet.redis.flush();
  await expect.poll(() => c.tell()).toEqual({ 'web.1': 0, 'web.2': 3, 'web.3': 0 });
});

test('a Redis that answers with an error is not one that hangs', async () => {
  // As a former primary after a failover: it can be read, and refuses to write.
  await a.client.call('REPLICAOF', '127.0.0.1', '1');
  const before = a.silences;
  expect(await a.tell()).toEqual({ 'web.1': 0 });
  expect(a.silences).toBe(before);
});

test('a process too busy to read the answer in time does not take that for silence', async () => {
  const before = a.silences;
  const answer = a.tell();
  // The command is on its way, and nothing is read until the time-out is long over.
  await turns();
  const end = performance.now() + 200;
  while (performance.now() < end);
  expect(await answer).toEqual({ 'web.1': 0, 'web.2': 0 });
  expect(a.silences).toBe(before);
});
