import { beforeEach, describe, expect, test } from 'vitest';
import type { Failure, FailureKind } from '../../src/redis/failure.ts';
import { CONNECTING, Health } from '../../src/redis/health.ts';

const WELL = 1000;
const SILENT = 2000;

let now: number;
let said: string[];
let health: Health;

beforeEach(() => {
  now = 0;
  said = [];
  health = new Health({
    onChange: (state, failure) => said.push(failure ? `${state} ${failure.code}` : state),
    now: () => now,
  });
});

const failure = (kind: FailureKind, code: string): Failure => ({ kind, code, error: undefined });
const CLOSED = failure('outage', 'CLOSED');
const REFUSED = failure('outage', 'ECONNREFUSED');
const READONLY = failure('wrong server', 'READONLY');
const WRONGPASS = failure('refused', 'WRONGPASS');
const NOPERM = failure('forbidden', 'NOPERM');
const OOM = failure('full', 'OOM');

/** Time passes, in which nothing else happens. */
const later = (ms: number): void => {
  for (let i = 0; i < ms; i += 250) {
    now += Math.min(250, ms - i);
    health.tick();
  }
};

describe('Redis', () => {
  test('is well as long as nobody says otherwise, and nothing is said', () => {
    later(60_000);
    expect([health.state, health.up, said]).toEqual(['up', true, []]);
  });

  test('is not there before it has answered, which is not said unless it lasts', () => {
    health.note('cache', CONNECTING);
    expect([health.up, health.failure?.code]).toEqual([false, 'CONNECTING']);
    later(SILENT - 250);
    health.note('cache', undefined);
    later(60_000);
    expect([health.up, said]).toEqual([true, []]);
  });

  test('that is gone is told once, with the word that tells most, and told once when it is back', () => {
    for (let i = 0; i < 40; i++) {
      health.note('cache', CLOSED);
      health.note('command read', CLOSED);
      health.note('cache', REFUSED);
      later(250);
    }
    expect([health.up, health.failure?.code]).toEqual([false, 'ECONNREFUSED']);
    health.note('cache', undefined);
    health.proved();
    later(60_000);
    expect(said).toEqual(['outage ECONNREFUSED', 'up']);
  });

  test('that has cut a connection which is back at once is not worth a word, nor is one slow command', () => {
    health.note('cache', CLOSED);
    later(250);
    health.note('cache', undefined);
    health.note('command read', failure('outage', 'TIMEOUT'));
    later(250);
    health.note('command read', undefined);
    later(60_000);
    expect(said).toEqual([]);
  });

  test('that says itself what is wrong is quoted at once, and once while it goes on, whatever is heard beside it', () => {
    for (let i = 0; i < 100; i++) {
      health.note('command read', failure('outage', 'TIMEOUT'));
      health.note('command claim', READONLY);
      health.note('pacing', CLOSED);
      later(250);
      health.note('pacing', undefined);
      health.note('command read', undefined);
    }
    expect(said).toEqual(['wrong server READONLY']);
  });

  test('is only well after it has been so for a while', () => {
    for (let i = 0; i < 20; i++) {
      health.note('command write', OOM);
      later(500);
      health.note('command write', undefined);
      later(500);
    }
    later(WELL);
    expect(said).toEqual(['full OOM', 'up']);
  });

  test('can be used when it is full, or withholds a right, and not when it lets nobody in', () => {
    health.note('command write', OOM);
    health.note('messages', NOPERM);
    expect([health.up, health.failure?.code]).toEqual([true, 'OOM']);
    health.note('cache', WRONGPASS);
    expect([health.up, health.failure?.code]).toEqual([false, 'WRONGPASS']);
  });

  test('is proved well by one command for all, but for the rights of each', () => {
    health.note('command read', REFUSED);
    health.note('command write', OOM);
    health.note('command publish', NOPERM);
    health.proved();
    expect(health.failure).toBe(NOPERM);
  });

  test('is taken to give a right that nobody has tried for a minute', () => {
    health.note('command publish', NOPERM);
    health.note('messages', NOPERM);
    later(30_000);
    health.note('command publish', NOPERM);
    later(59_000);
    expect(said).toEqual(['forbidden NOPERM']);
    health.note('messages', undefined);
    later(3000);
    expect(said).toEqual(['forbidden NOPERM', 'up']);
  });

  test('is not to blame for foreign data under a key, nor for our mistakes', () => {
    health.note('command read', failure('data', 'WRONGTYPE'));
    health.note('command read', failure('bug', 'TypeError'));
    later(60_000);
    expect([health.up, said]).toEqual([true, []]);
  });
});
