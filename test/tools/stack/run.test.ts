import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../../src/tools/stack/run.ts';

let programs: string;
beforeEach(() => {
  programs = mkdtempSync(join(tmpdir(), 'stack-programs-'));
});
afterEach(() => rmSync(programs, { recursive: true }));

const stack = async (...args: string[]) => {
  const out: string[] = [];
  const notes: string[] = [];
  const code = await run({
    args,
    env: { PATH: programs },
    out: (line) => void out.push(line),
    note: (line) => void notes.push(line),
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), notes: notes.join('\n') };
};

const install = async (name: string, mode = 0o755): Promise<void> => {
  await writeFile(join(programs, name), '#!/bin/sh\necho "no such luck" >&2\nexit 3\n');
  await chmod(join(programs, name), mode);
};

describe('a stack that can’t start says why', () => {
  test('in one line when programs are missing, with the packages that bring them', async () => {
    expect(await stack()).toEqual({
      code: 2,
      out: '',
      notes:
        'stack: needs redis-server and prometheus on PATH. ' +
        'On Debian or Ubuntu: apt-get install --no-install-recommends redis-server prometheus',
    });
    await install('redis-server');
    await install('prometheus', 0o644);
    const { notes } = await stack();
    expect(notes).toMatch(/^stack: needs prometheus on PATH\./);
  });

  test('when a program ends at once, with its last words', async () => {
    await install('redis-server');
    await install('prometheus');
    await expect(stack()).rejects.toThrow('Redis ended with 3\nno such luck');
  });

  test('when there is no corpus in the folder', async () => {
    await install('redis-server');
    await install('prometheus');
    expect(await stack(programs)).toMatchObject({
      code: 2,
      notes: `stack: documents.jsonl can't be read in ${programs} (ENOENT)`,
    });
  });

  test.each([[['a', 'b']], [['--speed']]])('when the command line is wrong: %j', async (args) => {
    const { code, notes } = await stack(...args);
    expect(code).toBe(2);
    expect(notes).toContain('Usage: npm run stack');
  });
});

test('--help tells what it needs', async () => {
  expect(await stack('--help')).toMatchObject({ code: 0, out: expect.stringContaining('redis-server') });
});
