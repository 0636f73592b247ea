import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { until } from '../support/fakes.ts';
import { BEAT_MS, Fleet, FRESH_MS, type Member } from './members.ts';

let fleet: Fleet;
afterEach(() => fleet.stop());

/** Two that know each other, and a scraper that never forgets. */
const start = async (beatMs: number) => {
  fleet = await Fleet.start();
  const [a, b] = [await fleet.add('web.1', { beatMs }), await fleet.add('web.2', { beatMs })];
  const seen: Record<string, number[]> = { 'web.1': [], 'web.2': [] };
  const scrape = async (member: Member): Promise<void> => {
    for (const [dyno, count] of Object.entries(await member.tell())) seen[dyno]!.push(count);
  };
  const whole = async (): Promise<boolean> => {
    await scrape(b);
    const { 'web.1': first, 'web.2': second } = await a.tell();
    return first === a.count && second === b.count;
  };
  load(a);
  load(b);
  await until(whole);
  return { a, b, seen, scrape, whole };
};

const load = (member: Member): void => {
  for (let i = 0; i < 20; i++) member.serve();
};

const falls = (counts: readonly number[]): number[] => counts.filter((count, i) => count < counts[i - 1]!);

test('no count falls when one process is asked while Redis hangs, and the other one after it', async () => {
  // All of it happens between two heartbeats.
  const { a, b, seen, scrape } = await start(60_000);
  fleet.redis.freeze();
  load(a);
  const asked = scrape(a);
  load(a);
  await asked;
  fleet.redis.thaw();
  await scrape(b);
  await scrape(a);
  expect(falls(seen['web.1']!)).toEqual([]);
  expect(seen['web.1']!.at(-1)).toBe(60);
});

test('no count falls when Redis comes back after a process has gone on alone', async () => {
  const { a, b, seen, scrape } = await start(60_000);
  fleet.redis.freeze();
  load(a);
  await scrape(a);
  await sleep(FRESH_MS);
  const asked = scrape(a);
  load(a);
  await asked;
  expect(seen['web.1']!.at(-1)).toBe(40);
  fleet.redis.thaw();
  for (let i = 0; i < 20; i++) await scrape(b);
  await scrape(a);
  expect(falls(seen['web.1']!)).toEqual([]);
  expect(seen['web.1']!.at(-1)).toBe(60);
});

test('no count falls when a connection is lost with an answer of Redis, and is not there again at once', async () => {
  const { a, b, seen, scrape, whole } = await start(60_000);
  const { client } = a;
  const send = client.sendCommand.bind(client);
  const cut = vi.spyOn(client, 'sendCommand').mockImplementation((command, stream) => {
    const sent = send(command, stream);
    if (command.name === 'evalsha') {
      // What was written arrives; what comes back is not read.
      client.stream.destroy();
      client.disconnect();
    }
    return sent;
  });
  load(a);
  await scrape(a);
  expect(cut).toHaveBeenCalled();
  cut.mockRestore();
  // Redis has taken what a believes to be lost.
  await until(async () => (await b.tell())['web.1'] === 40);
  await scrape(b);
  await scrape(a);
  await client.connect();
  await until(whole);
  await scrape(a);
  expect(falls(seen['web.1']!)).toEqual([]);
  expect(seen['web.1']!.at(-1)).toBe(40);
});

const ACTIONS = [
  'load a',
  'load b',
  'scrape a',
  'scrape b',
  'freeze',
  'thaw',
  'reconnect a',
  'wait',
] as const;

test('no count falls whatever happens, whoever is asked', { timeout: 60_000 }, async () => {
  const { a, b, seen, scrape, whole } = await start(BEAT_MS);
  const act: Readonly<Record<(typeof ACTIONS)[number], () => unknown>> = {
    'load a': () => load(a),
    'load b': () => load(b),
    'scrape a': () => scrape(a),
    'scrape b': () => scrape(b),
    freeze: () => fleet.redis.freeze(),
    thaw: () => fleet.redis.thaw(),
    'reconnect a': () => a.client.disconnect(true),
    wait: () => sleep(FRESH_MS / 2),
  };
  const interleavings = fc.array(fc.constantFrom(...ACTIONS), { minLength: 10, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(interleavings, async (actions) => {
      for (const action of actions) {
        load(a);
        load(b);
        await act[action]();
      }
      fleet.redis.thaw();
      await until(whole);
      const fallen = Object.values(seen).flatMap(falls);
      for (const counts of Object.values(seen)) counts.length = 0;
      expect(fallen).toEqual([]);
    }),
    { numRuns: 12, endOnFailure: true },
  );
});
