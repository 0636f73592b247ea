import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./ending-program.ts', import.meta.url));

const run = async (way: string, signals: readonly NodeJS.Signals[] = []) => {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, way], {
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

  test('leaves no line behind when it ends in the same breath', async () => {
    const { code, lines } = await run('last words');
    expect([code, lines.length, lines.at(-1)]).toEqual([3, 10_000, 'line 9999']);
  });
});
