import { describe, expect, test } from 'vitest';
import { Unseen } from '../../src/calls/unseen.ts';

describe('of answers that are given without the column', () => {
  test('one takes the way by it now and then, and all the others are told of there', () => {
    let now = 0;
    const unseen = new Unseen(0.1, () => now);
    let seen = 0;
    let long = 0;
    for (let i = 0; i < 1000; i++) {
      now += 1;
      if (!unseen.pass(4)) continue;
      long++;
      seen += unseen.take();
    }
    expect(long).toBe(4);
    expect(seen + unseen.take()).toBe(4 * (1000 - long));
  });

  test('none takes it where nothing is looked at', () => {
    expect(new Unseen(0).pass(4)).toBe(false);
    expect(new Unseen(1).pass(0)).toBe(false);
  });
});
