/** `npm run stack`: the whole of it on this machine, with something to see. */

import { run } from './run.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Whoever asks twice doesn't want to wait for a good end. What was started ends with this process.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  });
}

process.exitCode = await run({
  args: process.argv.slice(2),
  env: process.env,
  out: (line) => console.log(line),
  note: (line) => console.error(line),
  signal: stop.signal,
}).catch((thrown: unknown) => {
  console.error(`stack: ${thrown instanceof Error ? thrown.message : 'failed'}`);
  return 1;
});
