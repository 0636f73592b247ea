import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { program } from '../support/program.ts';

const run = (...args: string[]) =>
  spawnSync(process.execPath, [...program('tools/key.ts'), ...args], { encoding: 'utf8' });

describe('npm run key', () => {
  test('makes a key nobody has, and an entry that the configuration takes and that does not hold it', () => {
    const outputs = [run('search'), run('search')].map(({ status, stdout, stderr }) => {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const [, key, entry] = /^key: {3}(\S+)\nentry: (\S+)\n$/.exec(stdout)!;
      return { key: key!, entry: entry! };
    });
    const [{ key, entry }, other] = outputs as [(typeof outputs)[0], (typeof outputs)[0]];
    expect(key).not.toBe(other.key);
    expect(entry).toBe(`search:sha256:${hash('sha256', key)}`);
    const result = parseConfig({ NODE_ENV: 'test', GATEWAY_KEYS: `${entry},${other.entry};rpm=5` });
    expect(result.ok && result.config.clients.map(({ name }) => name)).toEqual(['search']);
  });

  test.each([[[]], [['a b']], [['a', 'b']], [['a:b']]])(
    'refuses %j with what it takes, and exit code 2',
    (args) => {
      const { status, stdout, stderr } = run(...args);
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toContain('npm run key -- NAME');
    },
  );

  test('explains itself when asked', () => {
    expect(run('--help')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('Usage') });
  });
});
