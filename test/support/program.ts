/** Programs of `src`, as processes of their own. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Names the folder with what `src` was compiled to; not set outside of tests. */
export const BUILT = 'TEST_BUILT_FOLDER';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/**
 * What node is told to run a program of `src`: as compiled, as production runs it and in half the time, or its source where
 * nothing was compiled.
 * @param path within `src`, like `tools/check-config.ts`
 */
export const program = (path = 'main.ts'): string[] => {
  const built = process.env[BUILT];
  return built === undefined
    ? ['--import', 'tsx', join(SRC, path)]
    : [join(built, path.replace(/ts$/, 'js'))];
};
