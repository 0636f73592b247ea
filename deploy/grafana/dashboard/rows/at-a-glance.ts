import { figure, lines } from '../panels.ts';
import type { Row } from '../row.ts';
import { ANSWERED, CACHED, DUE, FAILED, inRange, own, perSecond, quantile, shared } from '../series.ts';

const requests = (...more: string[]): string => own('gateway_requests_total', ['model', 'client'], ...more);
const documents = (...more: string[]): string => own('gateway_documents_total', ['model'], ...more);
/** The attachment and model that is nearest to its limit. */
const budget = (metric: string): string => `max by (upstream, model) (${shared(metric, ['model'])})`;
const usedOf = (unit: string): string =>
  `${budget(`gateway_ratelimit_used_${unit}`)} / ${budget(`gateway_ratelimit_limit_${unit}`)}`;
const [CALLS, TOKENS] = [`(${usedOf('requests')})`, `(${usedOf('tokens')})`];
const unitsOf = (name: string): string => inRange(own(name, ['model', 'client']));
/** What answered requests would have cost by themselves, less all that was billed. */
const saved = `(${unitsOf('gateway_request_search_units_total')} - ${unitsOf('gateway_client_search_units_total')})`;

const LEAST =
  'At least: what answered requests would have cost, each by a call of its own, less all that was billed, samples and renewals included. Exact for texts of up to 500 tokens; longer ones would have cost more.';

export const atAGlance: Row = {
  title: 'At a glance',
  panels: [
    figure({
      title: 'Requests',
      description: 'Rerank requests a second, whatever became of them.',
      unit: 'reqps',
      width: 4,
      queries: { requests: perSecond(requests()) },
    }),
    figure({
      title: 'Failed',
      description:
        'Share of the requests due an answer that failed: 5xx, and 403 of the upstream. Refusals for a limit, mistakes of callers and callers who left are not due one. The objective allows 0.1 %.',
      unit: 'percentunit',
      width: 4,
      limits: [0.001, 0.01],
      queries: { failed: `${perSecond(requests(...FAILED))} / ${perSecond(requests(...DUE))}` },
    }),
    figure({
      title: 'Answer time, p95',
      description:
        'Nineteen answers of twenty take less, waits in the queue included. Refusals are left out.',
      unit: 's',
      width: 4,
      limits: [2.5, 5],
      queries: { p95: quantile(0.95, 'gateway_request_duration_seconds', ['model'], [], ANSWERED) },
    }),
    figure({
      title: 'Hit ratio by documents',
      description: 'Share of the documents answered whose score came from memory or Redis.',
      unit: 'percentunit',
      width: 4,
      max: 1,
      queries: { hits: `${perSecond(documents(CACHED))} / ${perSecond(documents())}` },
    }),
    figure({
      title: 'Limit used',
      description:
        'Calls held in the window now, or their tokens, as a share of what is allowed; of the attachment and model that is nearest to its limit.',
      unit: 'percentunit',
      width: 4,
      limits: [0.75, 0.9],
      max: 1,
      queries: {
        used: `max(${CALLS} > ${TOKENS} or ${TOKENS} or ${CALLS})`,
      },
    }),
    figure({
      title: 'Dynos',
      description: 'Processes that report. Without Redis only the one that answered the scrape.',
      unit: 'short',
      width: 4,
      queries: { dynos: `count(group by (job, dyno) (${own('gateway_build_info')}))` },
    }),
    figure({
      title: 'Waiting calls',
      description: 'Upstream calls that wait for a permit, in all processes.',
      unit: 'short',
      width: 4,
      queries: { waiting: `sum(${own('gateway_queue_depth', ['model'])})` },
    }),
    figure({
      title: 'Under way',
      description: 'Requests that are being answered, in all processes.',
      unit: 'short',
      width: 4,
      queries: { requests: `sum(${own('gateway_requests_in_flight')})` },
    }),
    figure(
      {
        title: 'Search units saved',
        description: `Search units not spent in the time shown. ${LEAST}`,
        unit: 'short',
        width: 4,
        decimals: 0,
        queries: { units: saved },
      },
      { overall: true },
    ),
    figure(
      {
        title: 'Money saved',
        description: `Dollars not spent in the time shown, at the price of a search unit set above. ${LEAST}`,
        unit: 'currencyUSD',
        width: 4,
        decimals: 2,
        queries: { dollars: `${saved} * $price` },
      },
      { overall: true },
    ),
    figure(
      {
        title: 'Error budget left',
        description:
          'Of the failures that the objective (99.9 % over 30 days) allows, the share not used up yet; below 0 it is missed. Of all models, services and dynos, and as far back as Prometheus remembers: 15 days, unless told otherwise.',
        unit: 'percentunit',
        width: 4,
        max: 1,
        queries: {
          left: `1 - sum(avg_over_time(${shared('job:gateway_requests_failed:rate5m')}[30d])) / sum(avg_over_time(${shared('job:gateway_requests_due:rate5m')}[30d])) / 0.001`,
        },
      },
      { overall: true },
    ),
    figure({
      title: 'Alerts firing',
      description: 'Alerts of the gateway. The runbook has a heading for each.',
      unit: 'short',
      width: 4,
      limits: [1, 1],
      queries: {
        alerts: 'count(ALERTS{alertstate="firing", service="rerank-gateway"}) or vector(0)',
      },
    }),
    lines(
      {
        title: 'Requests by outcome',
        description:
          "hit: wholly from the cache; partial: in part; miss: not at all; stale: an old score for a failing upstream; bypass: the cache was not asked; rejected: a limit; invalid: the caller's mistake; error: ours or the upstream's.",
        unit: 'reqps',
        width: 12,
        queries: { '{{outcome}}': perSecond(requests(), 'outcome') },
      },
      { stacked: true },
    ),
    lines({
      title: 'Answer time',
      description:
        'From the arrival of a request to its answer, waits in the queue included. Refusals are left out.',
      unit: 's',
      width: 12,
      queries: {
        p50: quantile(0.5, 'gateway_request_duration_seconds', ['model'], [], ANSWERED),
        p95: quantile(0.95, 'gateway_request_duration_seconds', ['model'], [], ANSWERED),
        p99: quantile(0.99, 'gateway_request_duration_seconds', ['model'], [], ANSWERED),
      },
    }),
  ],
};
