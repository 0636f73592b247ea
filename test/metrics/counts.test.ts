import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { increase, plus, withCountsOf } from '../../src/metrics/counts.ts';
import { parseText, renderText } from '../../src/metrics/text.ts';

const MODELS = ['a', 'b {"', 'c\\\n'];
const BUCKETS = ['0.1', '1', '+Inf'];
const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A text of one process at one moment: a counter, a histogram and a gauge by model. */
const text = (numbers: readonly number[]) => {
  const at = (i: number): number => numbers[i % numbers.length]!;
  const by = (write: (model: string, i: number) => string): string =>
    MODELS.map((model, i) => write(`model="${escaped(model)}"`, i)).join('');
  return parseText(
    `# TYPE served_total counter\n${by((model, i) => `served_total{${model}} ${at(i)}\n`)}` +
      `# TYPE wait histogram\n${by(
        (model, i) =>
          `${BUCKETS.map((le) => `wait_bucket{le="${le}",${model}} ${at(i)}\n`).join('')}` +
          `wait_sum{${model}} ${at(i)}\nwait_count{${model}} ${at(i)}\n`,
      )}# TYPE depth gauge\n${by((model, i) => `depth{${model}} ${at(i)}\n`)}`,
  )!;
};

const numbers = fc.array(fc.nat(1e6), { minLength: MODELS.length, maxLength: MODELS.length });

describe('what a process counted since', () => {
  test('and what it had counted before make what it has counted', () => {
    fc.assert(
      fc.property(numbers, numbers, (before, more) => {
        const after = before.map((count, i) => count + more[i]!);
        const sum = renderText(plus(text(before), increase(text(before), text(after))));
        // The gauge stays as it was.
        const [counts] = renderText(text(after)).split('# TYPE depth');
        const [, gauges] = renderText(text(before)).split('# TYPE depth');
        expect(sum).toBe(`${counts}# TYPE depth${gauges}`);
      }),
    );
  });

  test('is nothing when nothing has happened', () => {
    fc.assert(
      fc.property(numbers, (counts) => {
        expect(renderText(increase(text(counts), text(counts)))).toBe('');
      }),
    );
  });

  test('comes to series that its successor lacks, and to metrics that it does not know', () => {
    const later = parseText(
      '# HELP a_total A.\n# TYPE a_total counter\na_total{x="1"} 2\na_total{x="2"} 3\n# TYPE b_total counter\nb_total 4\n',
    )!;
    const successor = parseText('# HELP a_total A.\n# TYPE a_total counter\na_total{x="1"} 1\n')!;
    expect(renderText(plus(successor, increase(new Map(), later)))).toBe(
      '# HELP a_total A.\n# TYPE a_total counter\na_total{x="1"} 3\na_total{x="2"} 3\n# TYPE b_total counter\nb_total 4\n',
    );
  });
});

describe('a text with the counts of another moment', () => {
  test('has its own gauges, and all else as it was then', () => {
    fc.assert(
      fc.property(numbers, numbers, (then, now) => {
        const [counts] = renderText(text(then)).split('# TYPE depth');
        const [, gauges] = renderText(text(now)).split('# TYPE depth');
        expect(renderText(withCountsOf(text(then), text(now)))).toBe(`${counts}# TYPE depth${gauges}`);
      }),
    );
  });

  test('has only gauges when nothing was counted then', () => {
    const [, gauges] = renderText(text([1])).split('# TYPE depth');
    expect(renderText(withCountsOf(new Map(), text([1])))).toBe(`# TYPE depth${gauges}`);
  });
});
