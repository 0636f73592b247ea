/** Before all tests: `src` is compiled once, and every process that they start is run from that. */

import { dirname } from 'node:path';
import { buildGateway } from './build.ts';
import { BUILT } from './program.ts';

export default (): void => {
  // Workers, and what they start, inherit it. Each project asks; one build is enough.
  process.env[BUILT] ??= dirname(buildGateway());
};
