import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Gathering } from '../../src/front/gathering.ts';

const always = () => true;

const gathered = (bytes: Uint8Array, cuts: readonly number[] = []): Gathering => {
  const gathering = new Gathering(bytes.length, () => {}, always);
  const at = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [i, from] of at.slice(0, -1).entries()) {
    expect(gathering.append(bytes.subarray(from, at[i + 1]))).toBe(true);
  }
  return gathering;
};

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8Array({ minLength: 4000, maxLength: 9000, size: 'max' }),
);

describe('a body that is gathered', () => {
  test('is the same, and has the same name, however it is cut', () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 10 }), (body, cuts) => {
        const [whole, cut] = [gathered(body), gathered(body, cuts)];
        expect(cut.take().equals(Buffer.from(body))).toBe(true);
        expect(cut.name()).toBe(whole.name());
      }),
    );
  });

  test('has another name when any byte is another, or there are more', () => {
    for (const length of [10, 4096, 4097, 20_000]) {
      const body = Buffer.alloc(length);
      const names = [body, Buffer.alloc(length + 1), Buffer.alloc(length, 1)];
      for (const at of [0, length >> 1, length - 1]) {
        const other = Buffer.from(body);
        other[at] = 1;
        names.push(other);
      }
      expect(new Set(names.map((each) => gathered(each).name())).size).toBe(names.length);
    }
  });

  test('is no longer than it was declared', () => {
    const gathering = new Gathering(3, () => {}, always);
    expect([gathering.append(Buffer.from('ab')), gathering.append(Buffer.from('cd'))]).toEqual([true, false]);
  });

  test('costs its bytes, and not an object for each: then it has no name', () => {
    const grown: number[] = [];
    const gathering = new Gathering(100_000, (taken) => void grown.push(taken), always);
    for (let i = 0; i < 100_000; i++) gathering.append(Buffer.from([i]));
    expect(gathering.name()).toBeUndefined();
    expect(gathering.take().equals(Buffer.from(Array.from({ length: 100_000 }, (_, i) => i)))).toBe(true);
    expect(gathering.capacity).toBeLessThanOrEqual(100_000);
    expect(grown.length).toBeLessThan(100);
  });

  test('has a name only where that is asked for, by its length and its begin', () => {
    const outlines: number[] = [];
    const named = (text: string): string | undefined => {
      const gathering = new Gathering(
        text.length,
        () => {},
        (outline) => {
          const isKnown = outlines.includes(outline);
          outlines.push(outline);
          return isKnown;
        },
      );
      gathering.append(Buffer.from(text));
      return gathering.name();
    };
    expect(named('a body')).toBeUndefined();
    expect(named('a body ')).toBeUndefined();
    expect(named('another')).toBeUndefined();
    expect(named('a body')).toBeDefined();
    expect(outlines).toHaveLength(4);
    expect(new Set(outlines).size).toBe(3);
  });
});
