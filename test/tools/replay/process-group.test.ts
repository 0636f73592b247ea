import { describe, expect, test } from 'vitest';
import type { Child } from '../../../src/tools/replay/target/child.ts';
import { ProcessGroup } from '../../../src/tools/replay/target/process-group.ts';

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
    const group = new ProcessGroup();
    for (const name of ['simulator', 'gateway']) group.add(name, childNamed(name, ends).child);
    let death: string | undefined;
    void group.died.then((what) => {
      death = what;
    });
    await group.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toEqual(['gateway', 'simulator']);
    expect(death).toBeUndefined();
  });

  test('are missed when one ends by itself, with its last words', async () => {
    const group = new ProcessGroup();
    const { child, exit } = childNamed('gateway', []);
    group.add('a gateway', child);
    exit('ended with 1');
    expect(await group.died).toBe('a gateway ended with 1\ngateway is sorry');
  });
});
