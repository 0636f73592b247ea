import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = new URL('..', import.meta.url).pathname;

const FLEET = [
  'test/fleet/**/*.test.ts',
  'test/faults/**/*.test.ts',
  'test/clients/**/*.test.ts',
  'test/e2e/drain.test.ts',
  // Processes that hear of one another over a real Redis, by beats of tens of milliseconds.
  'test/metrics/garbage.test.ts',
  'test/metrics/monotonic.test.ts',
  'test/metrics/silence.test.ts',
  'test/cache/model-states.test.ts',
  'test/pacing/window/foreign-data.test.ts',
  'test/pacing/window/windows.test.ts',
];

/** What measures waits, or counts the engine's steps: in a process of its own, while the machine has nothing else to do. */
const MEASURING = [
  'test/e2e/pacing.test.ts',
  'test/fleet/promises.test.ts',
  'test/fleet/waiting.test.ts',
  'test/pacing/pacer-steps.test.ts',
];

/** What takes longest, or must wait for long: begun last, it would keep the machine waiting at the end. */
const LONG = [
  'test/fleet/fairness.test.ts',
  'test/e2e/heap.test.ts',
  'test/e2e/ending-late.test.ts',
  'test/fleet/chaos.test.ts',
  'test/fleet/watching/watching.test.ts',
  'test/pacing/window/model/fleet.test.ts',
  'test/heroku/slug.test.ts',
  'test/openapi/reference.test.ts',
  'test/console/stillness.test.ts',
  'test/fleet/outage.test.ts',
];

/**
 * What waits for real clocks and processes is repeated once: on a machine that others use, too, a second may be missing
 * anywhere. The report says which had to be. What depends on nobody else never is: a property that fails once is false.
 */
const REPEATS = 1;

class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.some((path) => moduleId.endsWith(path));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

const common = {
  globalSetup: 'test/support/global-setup.ts',
  testTimeout: 120_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongOnesFirst },
    projects: [
      {
        root,
        test: {
          ...common,
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [...FLEET, ...MEASURING],
          // They wait more than they work: more files at a time than there are cores.
          maxWorkers: 3,
          // Half of what a small file takes is starting a process, and reading again what it imports.
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Processes and clients that wait for windows, heartbeats and Retry-After: together they take half a core.
        root,
        test: {
          ...common,
          name: 'fleet',
          include: FLEET,
          exclude: MEASURING,
          maxWorkers: 3,
          retry: REPEATS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          ...common,
          name: 'measuring',
          include: MEASURING,
          fileParallelism: false,
          retry: REPEATS,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
