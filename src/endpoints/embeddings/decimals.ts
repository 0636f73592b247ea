/**
 * The shortest decimals of float32 numbers. `JSON.stringify` would write the digits that tell a number from all doubles:
 * twice as many, and the second half means nothing.
 */

/** Powers of ten that a double holds exactly, enough for nine digits of the numbers below. */
const POWERS = Float64Array.from({ length: 20 }, (_, exponent) => Number(`1e${exponent}`));

/** The numbers of nearly all vectors: they are written with digits after the point alone. */
const USUAL = { least: 1e-6, below: 1 };

/** Most numbers need eight digits, none needs more than nine. */
const USUAL_DIGITS = 8;
const MOST_DIGITS = 9;

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** The most bytes of a decimal: a sign, and 21 digits of a number that the engine writes without an exponent. */
export const MOST_DECIMAL_BYTES = 22;

/**
 * Writes the shortest decimal that reads back as this float32: into a buffer, since two million strings would have to be
 * collected.
 * @param number finite, and a float32
 * @returns where it ends
 */
export const writeDecimal = (number: number, buffer: Buffer, at: number): number => {
  const size = Math.abs(number);
  if (!(size >= USUAL.least && size < USUAL.below)) return at + buffer.write(unusual(number), at, 'latin1');
  let from = at;
  if (number < 0) buffer[from++] = MINUS;
  return writeFraction(size, buffer, from);
};

const writeFraction = (size: number, buffer: Buffer, at: number): number => {
  let zeros = 0;
  while (size * POWERS[zeros + 1]! < 1) zeros++;
  // A decimal that so many places express is expressed by one more, too: the fewest are found from either side.
  let places = zeros + USUAL_DIGITS;
  let whole = wholeAt(size, places);
  while (whole === undefined) whole = wholeAt(size, ++places);
  for (let fewer = wholeAt(size, places - 1); fewer !== undefined; fewer = wholeAt(size, places - 1)) {
    whole = fewer;
    places--;
  }
  buffer[at] = ZERO;
  buffer[at + 1] = POINT;
  const end = at + 2 + places;
  let rest = whole | 0;
  for (let i = end - 1; i >= at + 2; i--) {
    const next = (rest / 10) | 0;
    buffer[i] = ZERO + rest - 10 * next;
    rest = next;
  }
  return end;
};

/** The whole number that, with so many of its digits after the point, reads back as the float32; the nearest if there are two. */
const wholeAt = (size: number, places: number): number | undefined => {
  const power = POWERS[places]!;
  const nearest = Math.round(size * power);
  if (Math.fround(nearest / power) === size) return nearest;
  // Numbers below a power of two are twice as dense as those above: then a decimal farther away may be within reach.
  for (const other of [nearest - 1, nearest + 1]) if (Math.fround(other / power) === size) return other;
  return undefined;
};

/** Slower, and as exact. */
const unusual = (number: number): string => {
  if (number === 0) return Object.is(number, -0) ? '-0' : '0';
  for (let digits = 1; digits < MOST_DIGITS; digits++) {
    const [mantissa = '', exponent] = number.toExponential(digits - 1).split('e');
    const nearest = Number(mantissa.replace('.', ''));
    for (const whole of [nearest, nearest - 1, nearest + 1]) {
      const value = Number(`${whole}e${Number(exponent) - digits + 1}`);
      if (Math.fround(value) === number) return String(value);
    }
  }
  return String(Number(number.toPrecision(MOST_DIGITS)));
};
