import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXCHANGE } from '../../src/metrics/exchange-script.ts';
import { Fleet, type Member } from './members.ts';

let fleet: Fleet;
let member: Member;

beforeEach(async () => {
  fleet = await Fleet.start();
  member = await fleet.add('web.1');
  member.serve();
  expect(await member.tell()).toEqual({ 'web.1': 1 });
});
afterEach(() => fleet.stop());

const KEY = 'test:{metrics2}';

/** What a process would leave, with these bytes for a snapshot. */
const left = async (bytes: Buffer | string): Promise<Buffer> => {
  const [seconds, micros] = await member.client.time();
  return Buffer.concat([Buffer.from(`1 ${1e6 * Number(seconds) + Number(micros)} `), Buffer.from(bytes)]);
};

const SERVED = { served_total: ['counter', { '': [1] }] };

describe('a snapshot that is none is skipped, counted and deleted', () => {
  test.each<[string, Buffer | string]>([
    ['does not unzip', 'nonsense'],
    ['is cut off', gzipSync(JSON.stringify(SERVED)).subarray(0, 30)],
    ['is empty', ''],
    ['is no JSON', gzipSync('good morning\n')],
    ['is another JSON', gzipSync('[1]')],
    ['is a bomb', gzipSync(Buffer.alloc(64 * 1024 * 1024, 'a'))],
    ['is large even when packed', Buffer.alloc(2 * 1024 * 1024)],
    ['is no UTF-8', gzipSync(Buffer.from([0xff, 0xfe, 0x00, 0x0a]))],
  ])('when it %s', async (_, bytes) => {
    await member.client.hset(KEY, 'web.2', await left(bytes));
    expect(await member.tell()).toEqual({ 'web.1': 1 });
    expect(member.skipped).toBe(1);
    await expect.poll(() => member.client.hkeys(KEY)).toEqual(['web.1']);
  });

  test.each([
    '',
    'nonsense',
    '12',
    '12 ',
    '-1 -1 x',
    'a b c',
    `${'9'.repeat(400)} 1 x`,
    '9000000000000000 1 x',
  ])('when all of its field is “%s”', async (value) => {
    await member.client.hset(KEY, 'web.2', value);
    expect(await member.tell()).toEqual({ 'web.1': 1 });
    expect(member.skipped).toBe(1);
    expect(await member.client.hkeys(KEY)).toEqual(['web.1']);
  });

  test('when it stands in the own field, which is then written over', async () => {
    await member.client.hset(KEY, 'web.1', 'nonsense');
    expect(await member.tell()).toEqual({ 'web.1': 1 });
  });

  test('when it is a handover', async () => {
    const [claim] = String(await member.client.hget(KEY, 'web.1')).split(' ');
    await member.client.hset(`${KEY}:web.1`, `${claim} 1`, 'nonsense', 'nonsense', 'nonsense');
    await member.tell();
    expect(await member.tell()).toEqual({ 'web.1': 1 });
    expect(member.skipped).toBeGreaterThan(0);
    await expect.poll(() => member.client.exists(`${KEY}:web.1`)).toBe(0);
  });
});

test.each(['wéb.1', 'web 1', '\uffff', 'x'.repeat(5000)])('nobody is called “%s”', async (dyno) => {
  await member.client.hset(KEY, dyno, await left(gzipSync(JSON.stringify(SERVED))));
  expect(await member.tell()).toEqual({ 'web.1': 1 });
  expect(await member.client.hkeys(KEY)).toEqual(['web.1']);
});

describe('a process is not shut out', () => {
  test.each(['9'.repeat(400), '9'.repeat(16), '4503599627370496', '1'])('by the claim %s', async (claim) => {
    const [seconds, micros] = await member.client.time();
    const now = 1e6 * Number(seconds) + Number(micros);
    await member.client.hset(KEY, 'web.1', `${claim} ${now} ${gzipSync('{}').toString('latin1')}`);
    member.serve();
    expect(await member.tell()).toEqual({ 'web.1': 2 });
    const [own] = String(await member.client.hget(KEY, 'web.1')).split(' ');
    expect(Number(own)).toBeLessThanOrEqual(now + 1e6);
  });

  test('by its own claim, when the clock has been set back since', async () => {
    const [seconds] = await member.client.time();
    const future = String(1e6 * (Number(seconds) + 3600));
    const reply = (await member.client.eval(
      EXCHANGE,
      2,
      KEY,
      `${KEY}:web.1`,
      ...['web.1', future, '1', gzipSync('{}'), '0', 4e5, 1e6, 6e4, future],
    )) as string[];
    expect(Number(reply[0])).toBeLessThan(Number(future));
    expect(reply[1]).toBe(reply[0]);
  });
});

describe('one scrape reads no more than it has time for', () => {
  /** As much text as one snapshot may have, in a few kilobytes. */
  const bomb = gzipSync(`{"x":["${' '.repeat(4e6)}"]}`);

  test('of snapshots that are small only when packed', async () => {
    const record = await left(bomb);
    for (let i = 10; i < 90; i++) await member.client.hset(KEY, `bomb.${i}`, record);
    expect(await member.tell()).toEqual({ 'web.1': 1 });
    expect(member.skipped).toBeGreaterThan(70);
  });

  test('and leaves out none that it knows', async () => {
    const other = await fleet.add('web.2');
    other.serve();
    await expect.poll(() => member.tell()).toEqual({ 'web.1': 1, 'web.2': 1 });
    for (let i = 10; i < 20; i++) await member.client.hset(KEY, `bomb.${i}`, await left(bomb));
    expect(await member.tell()).toEqual({ 'web.1': 1, 'web.2': 1 });
  });

  test('of what former owners of its name have left', async () => {
    const [claim] = String(await member.client.hget(KEY, 'web.1')).split(' ');
    const handovers = Array.from({ length: 80 }, (_, i) => [`${claim} ${i}`, bomb]).flat();
    await member.client.hset(`${KEY}:web.1`, ...handovers);
    expect(await member.tell()).toEqual({ 'web.1': 1 });
    expect(await member.client.exists(`${KEY}:web.1`)).toBe(0);
  });

  test('of dynos that nobody can have', async () => {
    const record = await left(gzipSync('{}'));
    const many = Array.from({ length: 3000 }, (_, i) => [`dyno.${i}`, record]).flat();
    await member.client.hset(KEY, ...many);
    expect(await member.tell()).toEqual({ 'web.1': 1 });
    expect(await member.client.hkeys(KEY)).toEqual(['web.1']);
  });
});

test('something else under the key makes way', async () => {
  for (const key of [KEY, `${KEY}:web.1`]) await member.client.set(key, 'something else');
  expect(await member.tell()).toEqual({ 'web.1': 1 });
  expect(await member.client.type(KEY)).toBe('hash');
});

test('an offer that is read too late changes nothing', async () => {
  const before = await member.client.hgetall(KEY);
  const [seconds] = await member.client.time();
  const late = ['web.1', '0', '1', gzipSync('{}'), '1', '9e9', '9e9', '9e9'];
  const offered = member.client.eval(EXCHANGE, 2, KEY, `${KEY}:web.1`, ...late, 1e6 * (Number(seconds) - 1));
  await expect(offered).rejects.toThrow('LATE');
  const claimOf = (field: string | undefined) => field?.split(' ')[0];
  const after = await member.client.hgetall(KEY);
  expect(claimOf(after['web.1'])).toBe(claimOf(before['web.1']));
});

test('a snapshot of a future that a clock set back has undone is not kept for ever', async () => {
  await member.client.hset(
    KEY,
    'web.2',
    Buffer.concat([Buffer.from('1 9000000000000000 '), gzipSync(JSON.stringify(SERVED))]),
  );
  expect(await member.tell()).toEqual({ 'web.1': 1 });
  expect(await member.client.hkeys(KEY)).toEqual(['web.1']);
});
