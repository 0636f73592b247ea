import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/fakes.ts';
import { Fleet, FRESH_MS, type Member } from './members.ts';

let fleet: Fleet;
let witness: Member;
let old: Member;
let young: Member;

beforeEach(async () => {
  fleet = await Fleet.start();
  witness = await fleet.add('web.2');
  old = await fleet.add('web.1');
  for (let i = 0; i < 5; i++) old.serve();
  await until(async () => (await witness.tell())['web.1'] === 5);
  young = await fleet.add('web.1');
});
afterEach(() => fleet.stop());

const told = async (): Promise<number | undefined> => (await witness.tell())['web.1'];
const becomes = (count: number): Promise<void> => expect.poll(told, { timeout: 5000 }).toBe(count);

describe('while two generations of a dyno overlap', () => {
  test('the old one speaks for both until the new one serves', async () => {
    await young.beats(3);
    old.serve();
    await becomes(6);
    young.serve();
    await becomes(1);
  });

  test('a scrape that reaches the new one counts as serving', async () => {
    expect((await young.tell())['web.1']).toBe(0);
    await becomes(0);
  });

  test('what is told never alternates, and drops once', async () => {
    young.serve();
    const seen: number[] = [];
    for (let i = 0; i < 60; i++) {
      if (i % 3 === 0) young.serve();
      seen.push((await (i % 2 === 0 ? witness : old).tell())['web.1']!);
      await witness.beats(0.1);
    }
    const drops = seen.filter((count, i) => i > 0 && count < seen[i - 1]!);
    expect(drops.length).toBeLessThanOrEqual(1);
    await becomes(21);
  });

  test('what the old one still counts is told by the new one, up to the last request', async () => {
    young.serve();
    await becomes(1);
    old.serve();
    old.serve();
    await becomes(3);
    old.serve();
    await old.stop();
    await becomes(4);
    young.serve();
    await becomes(5);
  });

  test('what was left to a process goes on with its own counts to the next one', async () => {
    young.serve();
    await becomes(1);
    old.serve();
    await old.stop();
    await becomes(2);
    const youngest = await fleet.add('web.1');
    youngest.serve();
    await becomes(1);
    young.serve();
    await young.stop();
    await becomes(2);
  });

  test('they keep their order when Redis forgets everything', async () => {
    young.serve();
    await becomes(1);
    await fleet.redis.flush();
    await witness.beats(3);
    await becomes(1);
  });
});

describe('an idle new generation', () => {
  test('takes over when nobody else is heard of under its name', async () => {
    old.kill();
    expect(await told()).toBe(5);
    await becomes(0);
  });

  test('does so by the time when its predecessor’s snapshot has gone', async () => {
    old.kill();
    await witness.beats(FRESH_MS / 40 + 3);
    expect(await told()).toBe(0);
  });
});
