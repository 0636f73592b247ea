/** What is chosen at the top of the dashboard. */

import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PROMETHEUS } from './panels.ts';

const labelOf = (name: string, label: string, description: string, query: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(PROMETHEUS)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc);

/** Several may be chosen. `All` is any value, so that what is not in the list counts too. */
const several = (variable: QueryVariableBuilder): QueryVariableBuilder =>
  variable
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' });

export const variables = () => [
  new DatasourceVariableBuilder('datasource')
    .label('Prometheus')
    .description('The Prometheus that scrapes the gateway.')
    .type('prometheus'),
  labelOf(
    'job',
    'Gateway',
    'The job of prometheus.yml; one for each app, say production and staging.',
    'label_values(gateway_build_info, job)',
  ),
  several(
    labelOf(
      'model',
      'Model',
      'Of panels that know of models.',
      'label_values(gateway_requests_total{job=~"$job"}, model)',
    ),
  ),
  several(
    labelOf(
      'client',
      'Service',
      'Of panels that know of services: requests and refusals.',
      'label_values(gateway_requests_total{job=~"$job"}, client)',
    ),
  ),
  several(
    labelOf(
      'dyno',
      'Dyno',
      'Of panels that count what each process does; what all share, the limit above all, is not divided.',
      'label_values(gateway_build_info{job=~"$job"}, dyno)',
    ),
  ),
  new TextBoxVariableBuilder('price')
    .label('Dollars a search unit')
    .description('What a search unit costs you: 0.002 is 2 dollars for a thousand. See your bill.')
    .defaultValue('0.002'),
];
