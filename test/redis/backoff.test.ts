import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Backoff } from '../../src/redis/backoff.ts';
import { FAILURE_KINDS, type FailureKind } from '../../src/redis/failure.ts';

const MINUTE = 60_000;

let now: number;
let backoff: Backoff;
beforeEach(() => {
  now = 0;
  backoff = new Backoff(2000, () => now);
});

/** Attempts in the first minute, when each ends at once like this. */
const attempts = (end: () => void): number => {
  let count = 0;
  for (; now < MINUTE; now += backoff.pause()) {
    count++;
    end();
  }
  return count;
};

describe('a connection is tried anew', () => {
  test('at once when it is cut', () => {
    backoff.answered();
    expect(backoff.pause()).toBe(50);
  });

  test('every other second while nobody answers', () => {
    expect(attempts(() => backoff.failed('outage'))).toBeLessThan(40);
    expect(backoff.pause()).toBe(2000);
  });

  test('a few times in a minute where it is refused, by all three connections of a process not twenty times', () => {
    expect(3 * attempts(() => backoff.failed('refused'))).toBeLessThan(20);
    backoff.failed('refused');
    expect(backoff.pause()).toBe(MINUTE);
  });

  test('every other second when it answers, and is closed without a word', () => {
    expect(attempts(() => backoff.answered())).toBeLessThan(40);
  });

  test('at once again when it has been good for long', () => {
    for (let i = 0; i < 20; i++) backoff.pause();
    for (let i = 0; i < 11; i++, now += 1000) backoff.answered();
    expect(backoff.pause()).toBe(50);
  });
});

describe('a connection to the wrong server is replaced', () => {
  /** Its commands fail so often. */
  const COMMAND_MS = 10;

  const replacements = (ms: number): number => {
    let count = 0;
    for (const end = now + ms; now < end; now += COMMAND_MS) {
      if (!backoff.replaces()) continue;
      count++;
      now += backoff.pause();
      backoff.answered();
    }
    return count;
  };

  test('at once, and not twice for the commands that were under way', () => {
    expect(backoff.replaces()).toBe(true);
    expect(backoff.replaces()).toBe(false);
    expect(backoff.pause()).toBe(50);
  });

  test('ever less often, and soon enough after a failover', () => {
    expect(replacements(10_000)).toBeLessThan(6);
    const inAMinute = replacements(MINUTE);
    expect(inAMinute).toBeLessThan(15);
    expect(inAMinute).toBeGreaterThan(9);
  });
});

test('whatever happens, pauses are no shorter than the shortest, and no longer than a minute', () => {
  const end = fc.record({
    kinds: fc.array(fc.constantFrom<FailureKind>(...FAILURE_KINDS), { maxLength: 3 }),
    answered: fc.nat(3),
    replaced: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(end, { maxLength: 100 }), (ends) => {
      let at = 0;
      const any = new Backoff(2000, () => at);
      let connections = 0;
      for (const { kinds, answered, replaced } of ends) {
        for (let i = 0; i < answered; i++, at += 1000) any.answered();
        for (const kind of kinds) any.failed(kind);
        if (replaced) any.replaces();
        const pause = any.pause();
        expect(pause).toBeGreaterThanOrEqual(50);
        expect(pause).toBeLessThanOrEqual(MINUTE);
        at += pause;
        connections++;
      }
      // No storm, however the ends follow one another: fewer than one a second, but for the first few.
      expect(connections).toBeLessThan(25 + at / 1000 / 0.9);
    }),
  );
});
