import { beforeEach, describe, expect, test } from 'vitest';
import { CircuitOpen, Commands } from '../../src/redis/commands.ts';
import { isSettled } from '../support/fakes.ts';

/** After this time one command may try whether Redis is back, milliseconds. */
const TRY_AFTER = 1000;

let now: number;
let sent: number;
let reports: [op: string, kind: string | undefined][];
let commands: Commands;

beforeEach(() => {
  now = 1_000_000;
  sent = 0;
  reports = [];
  commands = new Commands({
    client: { defineCommand: () => {} } as never,
    onCommand: (op, failure) => reports.push([op, failure?.kind]),
    now: () => now,
  });
});

const error = (message: string, name = 'ReplyError'): Error => Object.assign(new Error(message), { name });

const TIME_OUT = error('Command timed out', 'Error');
const READONLY = error("READONLY You can't write against a read only replica.");
const WRONGPASS = error('WRONGPASS invalid username-password pair or user is disabled.');
const NOPERM = error("NOPERM User gateway has no permissions to run the 'eval' command");
const OOM = error("OOM command not allowed when used memory > 'maxmemory'.");
const WRONGTYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
const BUG = new TypeError('x is not a function');

/** What is to be had of Redis. */
const works = async (): Promise<string> => 'value';
const failsWith = (thrown: unknown) => async (): Promise<string> => {
  throw thrown;
};

const ask = (answer: () => Promise<string> = works, op = 'read'): Promise<string | undefined> =>
  commands.attempt(op, () => {
    sent++;
    return answer();
  });

/** Lets so many commands fail that Redis is left alone, if it is for this. */
const fail = async (thrown: unknown, op?: string): Promise<void> => {
  for (let i = 0; i < 3; i++) expect(await ask(failsWith(thrown), op)).toBeUndefined();
  sent = 0;
  reports = [];
};

describe.each([
  ['that does not answer', TIME_OUT],
  ['that is a replica', READONLY],
  ['that does not let us in', WRONGPASS],
])('a Redis %s three times in a row', (_, thrown) => {
  beforeEach(() => fail(thrown));

  test('is left alone: nothing is sent, and nothing reported', async () => {
    for (let i = 0; i < 100; i++) expect(await ask(works, i % 2 ? 'read' : 'write')).toBeUndefined();
    expect([sent, reports]).toEqual([0, []]);
    await expect(commands.run('read', works)).rejects.toThrow(CircuitOpen);
  });

  test('is tried with one command after a while, and used again when that works', async () => {
    now += TRY_AFTER - 1;
    expect(await ask()).toBeUndefined();
    now += 1;
    expect(await ask()).toBe('value');
    expect(await ask()).toBe('value');
    expect(sent).toBe(2);
  });

  test('is left alone for as long again when that fails', async () => {
    now += TRY_AFTER;
    for (let i = 0; i < 10; i++) await ask(failsWith(thrown));
    now += TRY_AFTER - 1;
    await ask();
    expect(sent).toBe(1);
  });

  test('holds up nobody but the one who tries whether it is back', async () => {
    now += TRY_AFTER;
    const trying = ask(() => new Promise(() => {}));
    expect(await isSettled(Promise.all([ask(), ask()]))).toBe(true);
    expect(await isSettled(trying)).toBe(false);
    expect(sent).toBe(1);
  });
});

describe('a connection that has answered', () => {
  test('is used again at once when it was only silent', async () => {
    await fail(TIME_OUT);
    commands.answered();
    expect(await ask()).toBe('value');
  });

  test('does not prove that Redis takes what it has refused', async () => {
    await fail(READONLY);
    commands.answered();
    expect(await ask()).toBeUndefined();
  });
});

describe('a Redis that answers', () => {
  test.each([
    ['is full', OOM],
    ['holds something else under a key', WRONGTYPE],
    ['is asked by a mistake of ours', BUG],
  ])('is used though it %s', async (_, thrown) => {
    for (let i = 0; i < 5; i++) await fail(thrown);
    expect(await ask()).toBe('value');
  });

  test('now and then is used all the time', async () => {
    for (let i = 0; i < 10; i++) {
      await ask(failsWith(TIME_OUT));
      await ask(failsWith(TIME_OUT), 'write');
      await ask();
    }
    expect(sent).toBe(30);
  });

  test('is not asked for what its user may not have, and for everything else', async () => {
    await fail(NOPERM, 'publish');
    expect(await ask(works, 'publish')).toBeUndefined();
    expect(await ask()).toBe('value');
    expect(sent).toBe(1);
    now += TRY_AFTER;
    expect(await ask(works, 'publish')).toBe('value');
    expect(await ask(works, 'publish')).toBe('value');
  });

  test('with an error is known to be there', async () => {
    await fail(TIME_OUT);
    now += TRY_AFTER;
    await ask(failsWith(OOM));
    expect(await ask()).toBe('value');
  });
});

test('a wall clock that is set back has no influence', async () => {
  const client = { defineCommand: () => {} } as never;
  const real = new Commands({ client });
  for (let i = 0; i < 3; i++) await real.attempt('read', failsWith(TIME_OUT));
  const { now: wall } = Date;
  Date.now = () => wall() - 3_600_000;
  try {
    await expect.poll(() => real.attempt('read', works), { timeout: 3000 }).toBe('value');
  } finally {
    Date.now = wall;
  }
});

test('every command sent is reported, with its name and what kind of failure it was', async () => {
  await ask();
  await ask(failsWith(OOM), 'write');
  await ask(failsWith(BUG));
  expect(reports).toEqual([
    ['read', undefined],
    ['write', 'full'],
    ['read', 'bug'],
  ]);
  await expect(commands.run('read', failsWith(BUG))).rejects.toBe(BUG);
});
