import { describe, expect, test } from 'vitest';
import type { Child } from '../../../src/tools/replay/target/child.ts';
import { Household } from '../../../src/tools/replay/target/household.ts';

/** A process that isn't one. */
const childNamed = (name: string, ends: string[]) => {
  let exit = (_how: string): void => {};
  const exited = new Promise<string>((resolve) => {
    exit = resolve;
  });
  const child: Child = {
    process: undefined as never,
    exited,
    lastWords: () => `${name} is sorry`,
    async stop() {
      ends.push(name);
      exit('was ended by SIGTERM');
    },
  };
  return { child, exit };
};

describe('the processes of a replay', () => {
  test('end in the opposite order of their start, and nobody calls that a death', async () => {
    const ends: string[] = [];
    const household = new Household();
    for (const name of ['simulator', 'gateway']) household.add(name, childNamed(name, ends).child);
    let death: string | undefined;
    void household.died.then((what) => {
      death = what;
    });
    await household.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toEqual(['gateway', 'simulator']);
    expect(death).toBeUndefined();
  });

  test('are missed when one ends by itself, with its last words', async () => {
    const household = new Household();
    const { child, exit } = childNamed('gateway', []);
    household.add('a gateway', child);
    exit('ended with 1');
    expect(await household.died).toBe('a gateway ended with 1\ngateway is sorry');
  });
});
