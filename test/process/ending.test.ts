import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./ending-program.ts', import.meta.url));

const run = async (way: string, signals: readonly NodeJS.Signals[] = [], ...more: string[]) => {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, way, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const reap = (): void => void child.kill('SIGKILL');
  process.once('exit', reap);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (text.includes('running')) for (const signal of signals) child.kill(signal);
    });
  }
  const [code] = await once(child, 'close');
  process.off('exit', reap);
  return { code, lines: output.trim().split('\n') };
};

describe('a process', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends with 0 on %s', async (signal) => {
    expect(await run('nothing hangs', [signal])).toEqual({ code: 0, lines: ['running', signal] });
  });

  test('is told of the first signal only', async () => {
    const { code, lines } = await run('a step hangs', ['SIGTERM', 'SIGTERM', 'SIGINT']);
    expect([code, lines.length]).toEqual([0, 2]);
  });

  test('ends with 0 when its time is over, though a step never ends', async () => {
    expect(await run('a step hangs', ['SIGTERM'])).toEqual({ code: 0, lines: ['running', 'SIGTERM'] });
  });

  test('ends with 0 though a step fails, and says so', async () => {
    expect(await run('a step fails', ['SIGTERM'])).toEqual({
      code: 0,
      lines: ['running', 'SIGTERM', 'crash: Error'],
    });
  });

  test.each([
    ['a throw', 'TypeError'],
    ['a rejection', 'RangeError'],
  ])('ends with 1 after %s that nobody has caught, and its message is not shown', async (way, name) => {
    expect(await run(way)).toEqual({ code: 1, lines: ['running', `crash: ${name}`] });
  });

  test('does not wait for a thread that is held up by a name server, or a disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ending-'));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const ended = run('nothing hangs', ['SIGTERM'], pipe);
    // Node 20 does wait.
    if (!('execve' in process)) await writeFile(pipe, '');
    expect(await ended).toEqual({ code: 0, lines: ['running', 'SIGTERM'] });
    rmSync(folder, { recursive: true });
  });

  test('leaves no line behind when it ends in the same breath', async () => {
    const { code, lines } = await run('last words');
    expect([code, lines.length, lines.at(-1)]).toEqual([3, 10_000, 'line 9999']);
  });
});
