import { expect, test } from 'vitest';
import { settle } from '../../src/process/settle.ts';

const LONG_MS = 60_000;

test('steps are all begun, and waited for', async () => {
  const ended: string[] = [];
  const step = (name: string) => async () => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    ended.push(name);
  };
  await settle([step('a'), step('b')], LONG_MS);
  expect(ended).toEqual(['a', 'b']);
});

test('a step that throws or rejects is told, and keeps the others from nothing', async () => {
  const failures: unknown[] = [];
  const begun: string[] = [];
  await settle(
    [
      () => {
        throw new Error('thrown');
      },
      async () => {
        throw new Error('rejected');
      },
      () => begun.push('third'),
    ],
    LONG_MS,
    (error) => failures.push((error as Error).message),
  );
  expect([failures, begun]).toEqual([['thrown', 'rejected'], ['third']]);
});

test('a step that never ends is given up', async () => {
  let others = 0;
  await settle([() => new Promise(() => {}), () => others++], 20);
  expect(others).toBe(1);
});
