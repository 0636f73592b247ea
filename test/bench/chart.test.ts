import { expect, test } from 'vitest';
import { chartOf } from './chart.ts';

const row = (size: string, contestant: string, ratio: number) => ({
  size,
  contestant,
  ratio,
  perSecond: 1,
  quartiles: [ratio, ratio] as const,
  cpuRatio: ratio,
  cpuUs: 1,
  p50: 1,
  p99: 1,
  generatorBusy: 0.5,
});

test('the chart has a bar for each contestant of each size, as long as its share', () => {
  const svg = chartOf({
    node: 'v20',
    cpus: 2,
    misses: [],
    growth: [],
    hits: [row('4 × 100 B', 'bare server, SHA-256', 1), row('4 × 100 B', 'exact & so on', 0.5)],
  });
  const widths = [...svg.matchAll(/height="14" fill/g)];
  expect(widths).toHaveLength(2);
  const [whole, half] = [...svg.matchAll(/width="([\d.]+)" height="14"/g)].map(([, width]) => Number(width));
  expect(half).toBeCloseTo(whole! / 2, 0);
  expect(svg).toContain('exact &amp; so on');
  expect(svg).not.toMatch(/NaN|undefined/);
});
