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

/** What tells releases apart. Where Heroku tells the last two, a change of configuration is a release, too. */
const RELEASE = 'version, release, commit';

export const annotations = () => [
  // What was not there two minutes ago. Joined, since Grafana would show the name of a label that is empty.
  event(
    'Releases',
    'blue',
    `label_join(group by (job, ${RELEASE}) (${BUILD}) unless group by (job, ${RELEASE}) (${BUILD} offset 2m), "name", " ", "version", "release", "commit")`,
    'Release {{name}}',
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
