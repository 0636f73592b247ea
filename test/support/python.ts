import { spawnSync } from 'node:child_process';

/** The system's own first, since that is the one that Debian's packages are for. */
const PYTHONS = ['/usr/bin/python3', 'python3'];

/** A Python that can import a module; undefined when there is none. */
export const pythonWith = (module: string): string | undefined =>
  PYTHONS.find((python) => spawnSync(python, ['-c', `import ${module}`]).status === 0);
