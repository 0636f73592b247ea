/** The process: environment → configuration → gateway → drain. Only this file and the tools read the environment. */

import { readFileSync } from 'node:fs';
import { framesOf } from './calls/frames.ts';
import { type Config, formatProblems, parseConfig } from './config/config.ts';
import { createLog } from './log.ts';
import { end, endProperly } from './process/ending.ts';
import { answerInstead } from './process/help.ts';
import { LineWriter, standardOutput } from './process/line-writer.ts';
import { forPeople } from './process/terminal.ts';
import { startWatchdog } from './process/watchdog.ts';
import { DRAIN_MS, type Gateway, startGateway } from './server.ts';
import { unkindOf } from './simulator/command-line.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const answer = answerInstead(process.argv.slice(2), version);
if (answer !== undefined) {
  process.stdout.write(answer);
  process.exit(0);
}
const result = parseConfig(process.env);
if (!result.ok) {
  process.stderr.write(`${formatProblems(result.problems)}\n`);
  process.exit(2);
}
const { config } = result;
const unkind = await unkindOf(process.argv.slice(2), config);
const lines = new LineWriter({ stream: standardOutput() });
const stamped = process.env.DYNO === undefined;
const base = { dyno: config.dyno, release: config.release };
const log = createLog(
  { level: config.logLevel, stamped, base },
  process.stdout.isTTY ? { write: (line) => lines.write(forPeople(line)) } : lines,
);

for (const { variable, message } of result.warnings) log.warn({ variable, message }, 'configuration');

let gateway: Gateway | undefined;
endProperly({
  lines,
  budgetMs: DRAIN_MS,
  async onSignal(signal) {
    log.info({ signal }, 'draining');
    // Undefined before it listens: then no request waits.
    await gateway?.drain();
    log.info('drained');
  },
  onCrash: (error) => log.fatal({ cause: framesOf(error) ?? typeof error }, 'unforeseen error'),
});

const watch = ({ stallMs }: Config): void => {
  if (stallMs === 0) return;
  startWatchdog({ stallMs, stamped, base, onFailure: (code) => log.error({ code }, 'no watchdog') });
};

try {
  gateway = await startGateway({ config, log, version, unkind, linesDropped: () => lines.dropped });
  watch(config);
} catch (error) {
  const { code } = error as NodeJS.ErrnoException;
  const { host, port } = config;
  log.fatal({ code, host, port, cause: code ? undefined : framesOf(error) }, 'could not start');
  await end(lines, 1);
}
