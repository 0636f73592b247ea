/** The text that tells the user of a new stack what to look at. Pure. */

import type { Fleet } from './fleet.ts';

/** The client whose key people may use by hand. */
export const VISITOR = 'you';

const QUERY = 'sum by (dyno, outcome) (rate(gateway_requests_total[1m]))';

export const greeting = ({
  target,
  prometheusUrl,
  metricsToken,
}: Pick<Fleet, 'target' | 'prometheusUrl' | 'metricsToken'>): string[] => {
  const [first = ''] = target.urls;
  const graph = new URLSearchParams({ 'g0.expr': QUERY, 'g0.tab': '0', 'g0.range_input': '15m' });
  return [
    `gateways     ${target.urls.join('  ')}`,
    `ask one      curl -s ${first}/v1/rerank -H 'Authorization: Bearer ${target.keyOf(VISITOR)}' \\`,
    `               -d '{"model": "cohere-rerank-3-5", "query": "lift of a wing", "documents": ["heat", "wing"]}'`,
    `metrics      curl -s ${first}/metrics -H 'Authorization: Bearer ${metricsToken}'`,
    `Prometheus   ${prometheusUrl}/graph?${graph}`,
    `alerts       ${prometheusUrl}/alerts`,
    `Grafana      add a data source of type Prometheus with the URL ${prometheusUrl},`,
    `               and import deploy/grafana/rerank-gateway.json`,
    'Ctrl-C ends all of it. What was sent is told after each round.',
  ];
};
