import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_DECIMAL_BYTES, writeDecimal } from '../../../src/endpoints/embeddings/decimals.ts';

/** What is written, where nothing else stands before or behind it. */
const decimalOf = (number: number): string => {
  const buffer = Buffer.alloc(MOST_DECIMAL_BYTES + 8, '#');
  const end = writeDecimal(number, buffer, 4);
  expect(buffer.toString('latin1', 0, 4) + buffer.toString('latin1', MOST_DECIMAL_BYTES + 4)).toBe(
    '########',
  );
  return buffer.toString('latin1', 4, end);
};

/** Every float32 there is: of all sizes, and next to powers of two and ten. */
const bits = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  // Of the size of a vector's numbers.
  fc
    .tuple(fc.integer({ min: 0x3500_0000, max: 0x3f7f_ffff }), fc.boolean())
    .map(([low, minus]) => (minus ? low + 2 ** 31 : low)),
  fc
    .tuple(fc.integer({ min: 0, max: 254 }), fc.integer({ min: -2, max: 2 }))
    .map(([exponent, step]) => Math.max(0, exponent * 2 ** 23 + step)),
);
const float = bits.map((word) => new Float32Array(Uint32Array.of(word).buffer)[0]!).filter(Number.isFinite);

/** Digits of a decimal, without a point, an exponent, and zeros that only stand for a place. */
const digitsOf = (text: string): number =>
  text
    .replace(/e.*/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '')
    .replace(/(?<=.)0+$/, '').length || 1;

/** Whether a decimal of so many digits reads back as the number: the two that are nearest to it are tried. */
const canBe = (number: number, digits: number): boolean => {
  const [mantissa = '', exponent] = Math.abs(number)
    .toExponential(digits - 1)
    .split('e');
  const whole = BigInt(mantissa.replace('.', ''));
  return [-1n, 0n, 1n].some(
    (step) => Math.fround(Number(`${whole + step}e${Number(exponent) - digits + 1}`)) === Math.abs(number),
  );
};

test('a number’s decimal is JSON, and reads back as the number to the bit', () => {
  fc.assert(
    fc.property(float, (number) => {
      expect(Object.is(Math.fround(JSON.parse(decimalOf(number))), number)).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test('no decimal of fewer digits reads back as it', () => {
  fc.assert(
    fc.property(
      float.filter((number) => number !== 0),
      (number) => {
        const digits = digitsOf(decimalOf(number));
        if (digits > 1) expect(canBe(number, digits - 1)).toBe(false);
      },
    ),
    { numRuns: 5000 },
  );
});

test.each([
  [Math.fround(0.1), '0.1'],
  [Math.fround(-0.2), '-0.2'],
  [Math.fround(1 / 3), '0.33333334'],
  [-0, '-0'],
  [0, '0'],
  [1, '1'],
  [Math.fround(1e-7), '1e-7'],
  [Math.fround(16777216), '16777216'],
  [3.4028234663852886e38, '3.4028235e+38'],
  [1.401298464324817e-45, '1e-45'],
])('%s is written %s', (number, text) => {
  expect(decimalOf(number)).toBe(text);
});
