/** `npm run replay`: recorded requests through the gateway, checked and counted. */

import { run } from './run.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second Ctrl-C means that the user does not want to wait. The processes that were started end with this one.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  });
}

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  out: (line) => console.log(line),
  note: (line) => console.error(line),
  terminal: process.stderr,
  signal: stop.signal,
}).catch((thrown: unknown) => {
  console.error(`replay: ${thrown instanceof Error ? thrown.message : 'failed'}`);
  return 1;
});
