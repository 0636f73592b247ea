import { defineConfig } from 'vitest/config';

/** A minute of faults, run by itself: `npm run chaos`, with another seed as CHAOS_SEED. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: { include: ['test/fleet/chaos.trial.ts'], testTimeout: 180_000, hookTimeout: 60_000 },
});
