/** The nearest-rank percentile: always an observed value. Undefined without values. */
export const percentile = (values: readonly number[], percent: number): number | undefined => {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
};
