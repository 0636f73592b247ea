/** `npm run probe`: what the upstream really does, measured. */

import { run } from './run.ts';

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  out: (line) => console.log(line),
  note: (line) => console.error(line),
}).catch((thrown: unknown) => {
  console.error(`probe: ${thrown instanceof Error ? thrown.message : 'failed'}`);
  return 1;
});
