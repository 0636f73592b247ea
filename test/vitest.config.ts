import { defineConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;
const globalSetup = 'test/support/global-setup.ts';

export default defineConfig({
  test: {
    projects: [
      {
        root,
        test: {
          name: 'parts',
          globalSetup,
          include: ['test/**/*.test.ts'],
          exclude: ['test/fleet/**', 'node_modules/**'],
          // They wait more than they work, also where there are but two cores.
          maxWorkers: 4,
          // Half of a small file's time is a process of its own, and reading again what it imports.
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Several processes under load: one test at a time, when the machine has nothing else to do.
        root,
        test: {
          name: 'fleet',
          globalSetup,
          include: ['test/fleet/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
