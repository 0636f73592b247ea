import { describe, expect, test } from 'vitest';
import { selectorsOf } from './promql.ts';

describe('the selectors of an expression', () => {
  test('are found wherever they stand, without range and offset', () => {
    const expr =
      'rate(a{b="c", d!~"e|f"}[5m]) / avg_over_time(g:h:i[1h] offset 1h) > 2 * absent(j) or vector(0)';
    expect(selectorsOf(expr).map(({ series }) => series)).toEqual(['a{b="c", d!~"e|f"}', 'g:h:i', 'j']);
  });

  test('come with the labels that anything around them groups or matches by', () => {
    const expr = 'sum by (x) (max by (x, y) (a)) / on (z) group_left() (b and c) + count(d) by (w)';
    expect(selectorsOf(expr)).toEqual([
      { series: 'a', labels: ['z', 'x', 'y'] },
      { series: 'b', labels: ['z'] },
      { series: 'c', labels: ['z'] },
      { series: 'd', labels: ['w'] },
    ]);
  });

  test('need no label that is left out', () => {
    expect(selectorsOf('sum without (x) (a) / ignoring(y) b').flatMap(({ labels }) => labels)).toEqual([]);
  });

  test.each(['sum(a', 'a{b=}', 'rate(a[5m)', 'a b', ''])(
    'are not looked for in %s, which is no PromQL',
    (expr) => {
      expect(() => selectorsOf(expr)).toThrow(SyntaxError);
    },
  );
});
