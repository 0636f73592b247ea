/** What happened, as lines through every panel over time. */

import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PROMETHEUS } from './panels.ts';
import { shared } from './series.ts';

const BUILD = shared('gateway_build_info');

const event = (name: string, color: string, expr: string, title: string): AnnotationQueryBuilder =>
  new AnnotationQueryBuilder()
    .name(name)
    .datasource(PROMETHEUS)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step('15s')
    .titleFormat(title);

export const annotations = () => [
  // A version that was not there two minutes ago.
  event(
    'Releases',
    'blue',
    `group by (job, version) (${BUILD}) unless group by (job, version) (${BUILD} offset 2m)`,
    'Release {{version}}',
  ),
  event(
    'Restarts',
    'orange',
    `max by (job, dyno) (changes(${shared('process_start_time_seconds')}[2m])) > 0`,
    'Restart of {{dyno}}',
  ),
  event(
    'Alerts',
    'red',
    'group by (alertname, severity) (ALERTS{alertstate="firing", service="rerank-gateway"})',
    '{{alertname}}',
  ),
];
