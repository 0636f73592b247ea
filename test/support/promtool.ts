/** The judgement of Prometheus' own tool on a metrics text. */

import { spawnSync } from 'node:child_process';

/** Gauges that prom-client itself names like counters, which promtool objects to. */
const NOT_OURS = /nodejs_active_(?:handles|requests|resources)_total\b/;

/** What `promtool check metrics` says against a text; empty when it accepts it. */
export const objections = (text: string): string => {
  const input = text
    .split('\n')
    .filter((line) => !NOT_OURS.test(line))
    .join('\n');
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  return status === 0 ? '' : `${status}\n${stdout}${stderr}`;
};
