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

const KEY = 'test:{metrics}';

/** What a process would leave, with these bytes for a snapshot. */
const left = async (bytes: Buffer | string): Promise<Buffer> => {
  const [seconds, micros] = await member.client.time();
  return Buffer.concat([Buffer.from(`1 ${1e6 * Number(seconds) + Number(micros)} `), Buffer.from(bytes)]);
};

describe('a snapshot that is none is skipped and counted', () => {
  test.each<[string, Buffer | string]>([
    ['does not unzip', 'nonsense'],
    ['is cut off', gzipSync('served_total{dyno="web.2"} 1\n'.repeat(99)).subarray(0, 50)],
    ['is empty', ''],
    ['is no metrics text', gzipSync('good morning\n')],
    ['is a bomb', gzipSync(Buffer.alloc(64 * 1024 * 1024, 'a'))],
    ['is large even when packed', Buffer.alloc(2 * 1024 * 1024)],
    ['is no UTF-8', gzipSync(Buffer.from([0xff, 0xfe, 0x00, 0x0a]))],
  ])('when it %s', async (_, bytes) => {
    await member.client.hset(KEY, 'web.2', await left(bytes));
    expect(await member.tell()).toEqual({ 'web.1': 1 });
    expect(member.unreadable).toBe(1);
  });

  test.each(['', 'nonsense', '12', '12 ', '-1 -1 x', 'a b c'])(
    'when all of its field is “%s”',
    async (value) => {
      await member.client.hset(KEY, 'web.2', value);
      expect(await member.tell()).toEqual({ 'web.1': 1 });
      expect(member.unreadable).toBe(1);
    },
  );

  test('when it stands in the own field, which is then written over', async () => {
    await member.client.hset(KEY, 'web.1', 'nonsense');
    expect(await member.tell()).toEqual({ 'web.1': 1 });
  });

  test('when it is a legacy', async () => {
    const [claim] = String(await member.client.hget(KEY, 'web.1')).split(' ');
    await member.client.hset(`${KEY}:web.1`, `${claim} 1`, 'nonsense', 'nonsense', 'nonsense');
    await member.tell();
    expect(await member.tell()).toEqual({ 'web.1': 1 });
    expect(member.unreadable).toBeGreaterThan(0);
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
  const late = ['web.1', '0', '1', gzipSync('served_total{dyno="web.1"} 0\n'), '1', '9e9', '9e9', '9e9'];
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
    Buffer.concat([Buffer.from('1 9000000000000000 '), gzipSync('served_total{dyno="web.2"} 1\n')]),
  );
  expect(await member.tell()).toEqual({ 'web.1': 1 });
  expect(await member.client.hkeys(KEY)).toEqual(['web.1']);
});
