import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../support/clean-copy.ts';
import { program } from '../support/program.ts';

const { version, scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  start: program(),
  ...Object.fromEntries(
    ['check-config', 'key', 'probe', 'replay', 'stack'].map((name) => [name, ['src/tools/run.js', name]]),
  ),
};

/** What it says with these words and no environment. */
const said = async (command: readonly string[], ...words: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...command, ...words], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '' },
  });
  return stdout + stderr;
};

describe.each(Object.entries(COMMANDS))('npm run %s', (name, command) => {
  test('says with --help how it is used, and what its exit codes mean', async () => {
    const help = await said(command, '--help');
    expect(help).toMatch(new RegExp(`^Usage: npm (run )?${name}\\b`));
    expect(help).toMatch(/^Exit code: 0/m);
  });

  test('says with --version which it is', async () => {
    expect(await said(command, '--version')).toBe(`${version}\n`);
  });

  test('is one of the commands', () => {
    expect(scripts).toHaveProperty(name);
  });
});
