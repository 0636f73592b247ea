import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/fakes.ts';
import { Fleet, FRESH_MS } from './members.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await Fleet.start();
});
afterEach(() => fleet.stop());

describe('a fleet', () => {
  test('is told of by any of its processes, idle ones included', async () => {
    const [a, b, c] = [await fleet.add('web.1'), await fleet.add('web.2'), await fleet.add('worker.1')];
    a.count = 3;
    b.count = 5;
    const whole = { 'web.1': 3, 'web.2': 5, 'worker.1': 0 };
    for (const member of [a, b, c]) await expect.poll(() => member.tell()).toEqual(whole);
  });

  test('loses the series of a process that has died, and not before a scrape could see its last words', async () => {
    const [a, b] = [await fleet.add('web.1'), await fleet.add('web.2')];
    b.count = 9;
    await expect.poll(() => a.tell()).toEqual({ 'web.1': 0, 'web.2': 9 });
    b.kill();
    expect(await a.tell()).toEqual({ 'web.1': 0, 'web.2': 9 });
    await expect.poll(() => a.tell(), { timeout: 10 * FRESH_MS }).toEqual({ 'web.1': 0 });
  });

  test('is whole again after Redis has forgotten everything', async () => {
    const [a, b] = [await fleet.add('web.1'), await fleet.add('web.2')];
    await until(async () => Object.keys(await a.tell()).length === 2);
    await fleet.redis.flush();
    await expect.poll(() => a.tell()).toEqual({ 'web.1': 0, 'web.2': 0 });
    expect(b.silences).toBe(0);
  });

  test('shares nothing with that of another prefix', async () => {
    const [a, b] = [
      await fleet.add('web.1', { prefix: 'one:' }),
      await fleet.add('web.1', { prefix: 'two:' }),
    ];
    a.count = 1;
    expect([await a.tell(), await b.tell()]).toEqual([{ 'web.1': 1 }, { 'web.1': 0 }]);
  });

  test('leaves nothing in Redis for ever', async () => {
    const { client, ...member } = await fleet.add('web.1');
    await member.metrics.render();
    const keys = await client.keys('*');
    expect(keys).toHaveLength(1);
    expect(await client.pttl(keys[0]!)).toBeGreaterThan(0);
  });
});
