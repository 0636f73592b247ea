import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type GatewayProcess, runGateway } from '../support/process.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A gateway that SIGUSR2 stands still, in one of the ways of stall.ts. */
const start = async (
  way: string,
  env: Record<string, string> = {},
  ...flags: string[]
): Promise<GatewayProcess> => {
  const gateway = runGateway(
    { NODE_ENV: 'development', STALL_SECONDS: '1', DYNO: 'web.1', WAY: way, ...env },
    [
      process.execPath,
      ...flags,
      ...['--import', 'tsx', '--import', './test/process/stall.ts', 'src/main.ts'],
    ],
  );
  await gateway.listening;
  // Its beats are being counted.
  await sleep(500);
  return gateway;
};

const lives = async (url: string): Promise<boolean> => (await fetch(`${url}/healthz`)).ok;

describe('an event loop that stands still', () => {
  test.each([
    ['loop', 'endlessLoop'],
    ['pattern', 'backtracking'],
    ['promises', 'next'],
  ])('ends the process with 70, and one line says where (%s)', async (way, functionName) => {
    await using gateway = await start(way);
    gateway.kill('SIGUSR2');
    expect(await gateway.exited).toEqual({ code: 70, signal: null });
    const [line, ...more] = gateway.stderr().trim().split('\n');
    expect(more).toEqual([]);
    const told = JSON.parse(line!);
    expect(told).toMatchObject({ level: 'fatal', dyno: 'web.1', stallMs: 1000 });
    expect(inspect(told.stack)).toMatch(
      new RegExp(`at ${functionName} \\(test/process/stall\\.ts:\\d+:\\d+\\)`),
    );
    expect(line).not.toContain('DOCTEXT');
  });

  test('ends it though no signal does, and nobody reads what it says', async () => {
    await using gateway = await start('loop');
    gateway.stopReading('stuck');
    gateway.kill('SIGUSR2');
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toEqual({ code: 70, signal: null });
  });

  test('ends it by force where it stands in native code', async () => {
    await using gateway = await start('native');
    gateway.kill('SIGUSR2');
    expect(await gateway.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(JSON.parse(gateway.stderr())).toMatchObject({ level: 'fatal', stack: 'in native code' });
  });
});

// At once: they wait.
describe('a process lives on', () => {
  test.concurrent('when the whole of it, or its machine, was suspended', async () => {
    await using gateway = await start('loop');
    const url = await gateway.listening;
    gateway.kill('SIGSTOP');
    await sleep(3000);
    gateway.kill('SIGCONT');
    await sleep(1500);
    expect(await lives(url)).toBe(true);
    gateway.kill('SIGTERM');
    expect((await gateway.exited).code).toBe(0);
  });

  test.concurrent('when nobody watches it', async () => {
    await using gateway = await start('native', { STALL_SECONDS: '0' });
    gateway.kill('SIGUSR2');
    await expect(Promise.race([gateway.exited, sleep(2500)])).resolves.toBeUndefined();
  });

  test.concurrent('when it may be a debugger that holds it up', async () => {
    await using gateway = await start('native', {}, '--inspect=127.0.0.1:0');
    gateway.kill('SIGUSR2');
    await expect(Promise.race([gateway.exited, sleep(2500)])).resolves.toBeUndefined();
  });
});
