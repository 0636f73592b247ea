import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteBudget, type Claim, type Size, SMALL_BYTES } from '../../src/calls/byte-budget.ts';
import { RerankError } from '../../src/calls/errors.ts';

const MEGABYTE = 1024 * 1024;
const MAX = 8 * MEGABYTE;

/** The claim; undefined when it was refused. */
const attempt = <T>(claim: () => T): T | undefined => {
  try {
    return claim();
  } catch (thrown) {
    expect(thrown).toMatchObject({ kind: 'buffer_full', headers: { Connection: 'close' } });
    return undefined;
  }
};

const full = (budget: ByteBudget, bytes: number): number => {
  let count = 0;
  while (attempt(() => budget.claim(bytes)) !== undefined) count++;
  return count;
};

describe('a budget of bytes', () => {
  test('refuses what would pass it, with a moment to come back, and takes it when there is room again', () => {
    const shed: Size[] = [];
    const budget = new ByteBudget({ maxBytes: MAX, onShed: (size) => shed.push(size) });
    const first = budget.claim(4 * MEGABYTE);
    budget.claim(3 * MEGABYTE);
    expect(() => budget.claim(MEGABYTE)).toThrow(RerankError);
    expect(shed).toEqual(['large']);
    try {
      budget.claim(MEGABYTE);
    } catch (thrown) {
      expect((thrown as RerankError).retryAfterMs).toBeGreaterThanOrEqual(1000);
    }
    first.release();
    expect(attempt(() => budget.claim(MEGABYTE))).toBeDefined();
    expect(budget.held).toBe(4 * MEGABYTE);
  });

  test('keeps a part of it for small bodies, however much large ones would take', () => {
    const budget = new ByteBudget({ maxBytes: MAX });
    full(budget, MEGABYTE);
    expect(budget.held).toBe((MAX * 7) / 8);
    expect(full(budget, SMALL_BYTES)).toBe(MAX / 8 / SMALL_BYTES);
    expect(budget.held).toBe(MAX);
  });

  test('keeps it also while what cannot be refused any more is held', () => {
    const budget = new ByteBudget({ maxBytes: MAX });
    full(budget, MEGABYTE);
    const release = budget.hold(3 * MAX);
    expect(budget.held).toBeGreaterThan(MAX);
    expect(attempt(() => budget.claim(2 * SMALL_BYTES))).toBeUndefined();
    expect(full(budget, SMALL_BYTES)).toBe(MAX / 8 / SMALL_BYTES);
    release();
    expect(budget.held).toBe(MAX);
  });

  test('lets small bodies take all of it', () => {
    const budget = new ByteBudget({ maxBytes: MAX });
    expect(full(budget, SMALL_BYTES)).toBe(MAX / SMALL_BYTES);
  });

  test('has room for the largest body that there may be, when that is alone', () => {
    expect(attempt(() => new ByteBudget({ maxBytes: MAX }).claim(MAX))).toBeDefined();
  });

  test('judges a claim that grows by what it has become', () => {
    const budget = new ByteBudget({ maxBytes: MAX });
    const growing = budget.claim(1000);
    full(budget, MEGABYTE);
    growing.resize(SMALL_BYTES);
    expect(attempt(() => growing.resize(MEGABYTE))).toBeUndefined();
    // Refused, it is as it was.
    const { held } = budget;
    growing.resize(0);
    expect(held - budget.held).toBe(SMALL_BYTES);
  });
});

describe('a claim', () => {
  test('that is shared counts until all who share it are done, however often each says so', () => {
    const budget = new ByteBudget({ maxBytes: MAX });
    const claim = budget.claim(1000);
    const [one, other] = [claim.share(), claim.share()];
    claim.release();
    one();
    one();
    expect(budget.held).toBe(1000);
    other();
    expect(budget.held).toBe(0);
  });

  test('that is shared by work begun after its request was over counts again', () => {
    const budget = new ByteBudget({ maxBytes: MAX });
    const claim = budget.claim(1000);
    claim.release();
    const end = claim.share();
    expect(budget.held).toBe(1000);
    end();
    expect(budget.held).toBe(0);
  });
});

test('whatever happens, what is held is the sum of what was not released, and claims never pass the budget', () => {
  const bytes = fc.oneof(fc.nat(SMALL_BYTES), fc.nat(MAX));
  const steps = fc.array(fc.tuple(fc.constantFrom('claim', 'resize', 'release', 'hold'), bytes, fc.nat()), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (all) => {
      const budget = new ByteBudget({ maxBytes: MAX });
      const claims: Claim[] = [];
      let forced = 0;
      for (const [step, bytes, which] of all) {
        const claim = claims[which % Math.max(1, claims.length)];
        const before = budget.held;
        if (step === 'claim') {
          const made = attempt(() => budget.claim(bytes));
          if (made === undefined) expect(budget.held).toBe(before);
          else claims.push(made);
        } else if (step === 'hold') {
          forced += bytes;
          budget.hold(bytes);
        } else if (claim !== undefined && step === 'resize') attempt(() => claim.resize(bytes));
        else if (claim !== undefined) claims.splice(claims.indexOf(claim), 1)[0]!.release();
        const sum = claims.reduce((total, { bytes }) => total + bytes, 0);
        expect(budget.held).toBe(sum + forced);
        expect(sum).toBeLessThanOrEqual(MAX + MAX / 8);
      }
    }),
  );
});
