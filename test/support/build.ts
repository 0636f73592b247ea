/** The gateway as production runs it: compiled, in a folder of its own, so that a `dist` in use stays as it is. */

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the Procfile tells the engine. */
export const PRODUCTION_FLAGS = readFileSync(join(ROOT, 'Procfile'), 'utf8').match(/--\S+/g) ?? [];

/**
 * Compiles `src` as `npm run build` does, except that types are not checked, which changes no output. It is gone with this
 * process.
 * @returns path of its `main.js`; other programs of `src` stand beside it
 */
export const buildGateway = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-build-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const dist = join(folder, 'dist');
  const { status, stdout, stderr } = spawnSync(
    join(ROOT, 'node_modules/.bin/tsc'),
    ['-p', join(ROOT, 'src/tsconfig.json'), '--outDir', dist, '--noCheck'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the gateway does not compile\n${stdout ?? ''}${stderr ?? ''}`);
  for (const room of ['openapi', 'console'])
    cpSync(join(ROOT, `src/${room}/page`), join(dist, `${room}/page`), { recursive: true });
  // What the compiled files look for beside their folder.
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  return join(dist, 'main.js');
};
