import { expect, test } from 'vitest';
import { SCORE_TOLERANCE } from '../../src/endpoints/rerank/tolerance.ts';
import { ALERTS } from './committed.ts';
import { PANELS } from './dashboard-file.ts';

test('alerts and panels call a drift what the gateway calls one', () => {
  const drifts = [...ALERTS, ...PANELS.flatMap(({ targets }) => targets)].flatMap(({ expr }) => [
    ...expr.matchAll(/score_drift_bucket\{[^}]*le="([^"]+)"/g),
  ]);
  // Alerts go by what the gateway has found out, panels show how far scores are apart.
  expect(drifts.length).toBeGreaterThanOrEqual(1);
  for (const [, bound] of drifts) expect(Number(bound)).toBe(SCORE_TOLERANCE);
});
