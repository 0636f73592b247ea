import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Scratch } from '../../src/front/scratch.ts';

const cut = (bytes: Buffer, size: number): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
};

test('pieces are put together, whatever was there before', () => {
  const scratch = new Scratch();
  const sizes = fc.oneof(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 60_000, max: 300_000 }));
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1000, max: 70_000 }), fc.boolean(), (length, size, givenBack) => {
      const bytes = randomBytes(length);
      const whole = scratch.join(cut(bytes, size), length);
      expect(whole.equals(bytes)).toBe(true);
      if (givenBack) scratch.giveBack(whole);
    }),
  );
});

test('bytes that were not given back are never written to again', () => {
  const scratch = new Scratch();
  const kept: [whole: Buffer, bytes: Buffer][] = [];
  for (let i = 0; i < 30; i++) {
    const bytes = randomBytes(5000 + 1000 * i);
    const whole = scratch.join(cut(bytes, 4000), bytes.length);
    if (i % 3 === 0) scratch.giveBack(whole);
    else kept.push([whole, bytes]);
    // Neither bytes of somebody else, nor those that were given back before.
    scratch.giveBack(Buffer.alloc(10_000));
    if (i % 3 === 0) scratch.giveBack(whole);
  }
  for (const [whole, bytes] of kept) expect(whole.equals(bytes)).toBe(true);
});

test('bytes that were given back are used for the next body', () => {
  const scratch = new Scratch();
  const [first, second] = [randomBytes(100_000), randomBytes(120_000)];
  const one = scratch.join(cut(first, 64_000), first.length);
  scratch.giveBack(one);
  const other = scratch.join(cut(second, 64_000), second.length);
  expect(other.buffer).toBe(one.buffer);
});
