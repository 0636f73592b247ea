/** The process: environment → configuration → gateway → drain. It and the config check alone read the environment. */

import { readFileSync } from 'node:fs';
import { formatProblems, parseConfig } from './config.ts';
import { createLog } from './log.ts';
import { startGateway } from './server.ts';

const result = parseConfig(process.env);
if (!result.ok) {
  process.stderr.write(`${formatProblems(result.problems)}\n`);
  process.exit(2);
}
const { config } = result;
const log = createLog({
  level: config.logLevel,
  stamped: process.env.DYNO === undefined,
  base: { dyno: config.dyno, release: config.release },
});
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const gateway = await startGateway({ config, log, version }).catch((error: NodeJS.ErrnoException) => {
  log.fatal({ code: error.code, port: config.port }, 'could not start');
  process.exit(1);
});

// Heroku sends SIGTERM to every process of a dyno, often more than once: later ones find the drain under way.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    log.info({ signal }, 'draining');
    void gateway.drain().then(() => {
      log.info('drained');
      process.exit(0);
    });
  });
}
