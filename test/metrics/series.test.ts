import fc from 'fast-check';
import { Counter, Histogram } from 'prom-client';
import { expect, test } from 'vitest';
import { countOf, distributionOf, memoized } from '../../src/metrics/series.ts';

const BUCKETS = [0.005, 0.1, 1, 10];

const event = fc.record({
  model: fc.constantFrom('a', 'b'),
  value: fc.oneof(fc.constantFrom(...BUCKETS, 0), fc.double({ min: 0, max: 20, noNaN: true })),
  before: fc.boolean(),
});

test('a series that is found once counts as the metric does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event), async (events) => {
      const counter = () =>
        new Counter({ name: 'c', help: 'c', labelNames: ['model', 'other'], registers: [] });
      const histogram = () =>
        new Histogram({ name: 'h', help: 'h', labelNames: ['model'], buckets: BUCKETS, registers: [] });
      const [c, h, ownC, ownH] = [counter(), histogram(), counter(), histogram()];
      const count = memoized((model = '') => countOf(ownC, { model, other: 'x' }));
      const observe = memoized((model = '') => distributionOf(ownH, { model }));
      for (const { model, value, before } of events) {
        c.inc({ model, other: 'x' }, value);
        h.observe({ model }, value);
        // Both ways may be used for one series.
        if (before) {
          ownC.inc({ model, other: 'x' }, value);
          ownH.observe({ model }, value);
        } else {
          count(model)(value);
          observe(model)(value);
        }
      }
      expect(await ownC.get()).toEqual(await c.get());
      expect(await ownH.get()).toEqual(await h.get());
    }),
  );
});
