/** Another revision of the gateway, built beside the working tree. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const run = (command: string, args: readonly string[], cwd = ROOT): void => {
  const { status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`);
};

const lockOf = (folder: string): string => readFileSync(join(folder, 'package-lock.json'), 'utf8');

/**
 * Checks a revision out into a temporary worktree, with the packages that are installed here where it has the same, and
 * compiles it. All of it is gone with this process.
 * @returns path of its `main.js`
 */
export const buildRevision = (revision: string): string => {
  const folder = join(mkdtempSync(join(tmpdir(), 'gateway-revision-')), 'tree');
  run('git', ['worktree', 'add', '--detach', folder, revision]);
  process.once('exit', () => {
    spawnSync('git', ['worktree', 'remove', '--force', folder], { cwd: ROOT });
    rmSync(join(folder, '..'), { recursive: true, force: true });
  });
  if (lockOf(folder) === lockOf(ROOT)) symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  else run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  run(
    join(ROOT, 'node_modules/.bin/tsc'),
    ['-p', 'src/tsconfig.json', '--outDir', 'dist', '--noCheck'],
    folder,
  );
  return join(folder, 'dist/main.js');
};
