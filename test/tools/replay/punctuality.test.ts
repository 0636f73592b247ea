import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Punctuality } from '../../../src/tools/replay/punctuality.ts';

const stand = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

test('a replay whose event loop stands still is late, even if it has sent what was due', async () => {
  const punctuality = new Punctuality();
  punctuality.sent(0);
  for (let i = 0; i < 5; i++) {
    await sleep(1);
    stand(100);
  }
  await sleep(1);
  const { busyMs, lateMs, isLate } = punctuality.stop();
  expect(busyMs).toBeGreaterThan(50);
  expect([lateMs.most, isLate]).toEqual([0, true]);
});

test('a replay that sends late is late', () => {
  const punctuality = new Punctuality();
  for (let i = 0; i < 100; i++) punctuality.sent(i);
  expect(punctuality.stop()).toMatchObject({ lateMs: { p99: 98, most: 99 }, isLate: true });
});

test('a replay that has sent nothing is not late', () => {
  expect(new Punctuality().stop()).toMatchObject({ lateMs: { p99: 0, most: 0 }, isLate: false });
});
