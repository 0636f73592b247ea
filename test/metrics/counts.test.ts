import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { increase, plus, withCountsOf } from '../../src/metrics/counts.ts';
import { type Families, type Numbers, renderText, type Shape } from '../../src/metrics/families.ts';

const MODELS = ['a', 'b', 'c'];

const shape = (name: string, type: Shape['type'], bounds: number[] = []): Shape => ({
  name,
  help: 'Helps.',
  type,
  labels: ['model'],
  bounds,
});
const SHAPES = [
  shape('served_total', 'counter'),
  shape('wait', 'histogram', [0.1, 1]),
  shape('depth', 'gauge'),
];

/** One process at one moment: a counter, a histogram and a gauge by model. */
const families = (numbers: readonly number[]): Families => {
  const of = (write: (at: number) => Numbers) =>
    new Map(MODELS.map((model, i) => [`model="${model}"`, write(numbers[i % numbers.length]!)]));
  const [served, wait, depth] = SHAPES as [Shape, Shape, Shape];
  return new Map([
    ['served_total', { shape: served, series: of((at) => [at]) }],
    ['wait', { shape: wait, series: of((at) => [at, at, at, at]) }],
    ['depth', { shape: depth, series: of((at) => [at]) }],
  ]);
};

const text = (told: Families): string => renderText(SHAPES, [{ dyno: 'web.1', families: told }]);
const counts = (told: Families): string => text(told).split('# HELP depth')[0]!;
const gauge = (told: Families): string => text(told).split('# HELP depth')[1]!;

const numbers = fc.array(fc.nat(1e6), { minLength: MODELS.length, maxLength: MODELS.length });

describe('what a process counted since', () => {
  test('and what it had counted before make what it has counted', () => {
    fc.assert(
      fc.property(numbers, numbers, (before, more) => {
        const [then, now] = [families(before), families(before.map((count, i) => count + more[i]!))];
        const sum = plus(then, increase(then, now));
        expect(counts(sum)).toBe(counts(now));
        expect(gauge(sum)).toBe(gauge(then));
      }),
    );
  });

  test('is nothing when nothing has happened', () => {
    fc.assert(
      fc.property(numbers, (told) => {
        expect(increase(families(told), families(told)).size).toBe(0);
      }),
    );
  });

  test('comes to series that its successor lacks', () => {
    const [served] = SHAPES as [Shape];
    const of = (series: [string, number][]): Families =>
      new Map([
        ['served_total', { shape: served, series: new Map(series.map(([key, count]) => [key, [count]])) }],
      ]);
    const later = of([
      ['model="a"', 2],
      ['model="b"', 3],
    ]);
    expect(plus(of([['model="a"', 1]]), increase(new Map(), later))).toEqual(
      of([
        ['model="a"', 3],
        ['model="b"', 3],
      ]),
    );
  });

  test('never makes more than can be told', () => {
    const most = families([Number.MAX_SAFE_INTEGER]);
    expect(counts(plus(most, most))).toBe(counts(most));
  });
});

describe('families with the counts of another moment', () => {
  test('have their own gauges, and all else as it was then', () => {
    fc.assert(
      fc.property(numbers, numbers, (then, now) => {
        const told = withCountsOf(families(then), families(now));
        expect(counts(told)).toBe(counts(families(then)));
        expect(gauge(told)).toBe(gauge(families(now)));
      }),
    );
  });

  test('have only gauges when nothing was counted then', () => {
    const told = withCountsOf(new Map(), families([1]));
    expect(counts(told)).not.toContain('model=');
    expect(gauge(told)).toBe(gauge(families([1])));
  });
});
