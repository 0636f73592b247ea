import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GrowingBuffer } from '../../src/http/growing-buffer.ts';

describe('a growing buffer', () => {
  test('holds whatever was appended, in order, up to its bound and no further', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 16 }), fc.nat(200), (chunks, first, more) => {
        const max = first + more;
        const buffer = new GrowingBuffer(first, max, () => {});
        let all = Buffer.alloc(0);
        for (const chunk of chunks) {
          const fits = all.length + chunk.length <= max;
          expect(buffer.append(chunk)).toBe(fits);
          if (fits) all = Buffer.concat([all, chunk]);
          expect(buffer.capacity).toBeLessThanOrEqual(max);
        }
        expect(buffer.take().equals(all)).toBe(true);
      }),
    );
  });

  test('is copied a few times, not once for each piece, and never takes twice what it holds', () => {
    const capacities: number[] = [];
    const buffer = new GrowingBuffer(16, 1_000_000, (capacity) => capacities.push(capacity));
    for (let i = 1; i <= 100_000; i++) {
      buffer.append(Buffer.of(i % 256));
      expect(buffer.capacity).toBeLessThanOrEqual(Math.max(16, 2 * i));
    }
    expect(capacities.length).toBeLessThan(15);
    expect(capacities).toEqual([...capacities].sort((a, b) => a - b));
  });

  test('is as it was when there is no leave to grow', () => {
    const buffer = new GrowingBuffer(2, 100, () => {
      throw new Error('no room');
    });
    buffer.append(Buffer.from('ab'));
    expect(() => buffer.append(Buffer.from('c'))).toThrow('no room');
    expect(buffer.take().toString()).toBe('ab');
  });
});
