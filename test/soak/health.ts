/** What one process, which lives through it all, holds as time goes by. */

import { metric } from '../support/gateway.ts';

export interface Sample {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly heapMB: number;
  readonly sockets: number;
}

const MB = 1024 * 1024;

export const sampleOf = (metrics: string, dyno: string, at: number): Sample => ({
  at,
  heapMB: metric(metrics, 'nodejs_heap_size_used_bytes', { dyno }) / MB,
  sockets: metric(metrics, 'process_open_fds', { dyno }),
});

/**
 * How much something grows a minute. What it is after a collection of garbage counts, so of every tenth of the time only
 * the least; the first third is for caches and compilers to fill up.
 */
export const growthPerMinute = (samples: readonly (readonly [at: number, value: number])[]): number => {
  const end = samples.at(-1)?.[0] ?? 0;
  const later = samples.filter(([at]) => at > end / 3);
  const parts = Array.from({ length: 7 }, (_, i) => {
    const [from, to] = [end / 3 + (i * end * 2) / 21, end / 3 + ((i + 1) * end * 2) / 21];
    return later.filter(([at]) => at >= from && at <= to);
  }).filter((part) => part.length > 0);
  const least = parts.map((part) => part.reduce((a, b) => (b[1] < a[1] ? b : a)));
  if (least.length < 2) return 0;
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(least.map(([at]) => at)), mean(least.map(([, value]) => value))];
  const over = least.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  const under = least.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
  return (60 * over) / under;
};
