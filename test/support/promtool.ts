/** The judgement of Prometheus' own tool. */

import { spawnSync } from 'node:child_process';

export interface Verdict {
  /** 0: nothing to complain of. */
  readonly status: number | null;
  /** Everything it said. */
  readonly text: string;
}

/** Runs `promtool` with these words, and with this text on its stdin. */
export const promtool = (words: readonly string[], stdin = ''): Verdict => {
  const { status, stdout, stderr, error } = spawnSync('promtool', words, { input: stdin, encoding: 'utf8' });
  // It may have made up its mind before it has read everything (EPIPE); then its word stands.
  if (status === null) throw error ?? new Error('promtool was ended by a signal');
  return { status, text: stdout + stderr };
};

/** Gauges that prom-client itself names like counters, which promtool objects to. */
const NOT_OURS = /nodejs_active_(?:handles|requests|resources)_total\b/;

/** What `promtool check metrics` says against a metrics text; empty when it accepts it. */
export const objections = (text: string): string => {
  const input = text
    .split('\n')
    .filter((line) => !NOT_OURS.test(line))
    .join('\n');
  const { status, text: said } = promtool(['check', 'metrics'], input);
  return status === 0 ? '' : `${status}\n${said}`;
};
