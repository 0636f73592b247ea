import { lines } from '../panels.ts';
import type { Row } from '../row.ts';
import { ANSWERED, DUE, FAILED, inRange, own, perSecond, quantile } from '../series.ts';

const requests = (...more: string[]): string => own('gateway_requests_total', ['model', 'client'], ...more);
const rejections = (...more: string[]): string =>
  own('gateway_rejections_total', ['model', 'client'], ...more);

export const services: Row = {
  title: 'Services',
  panels: [
    lines({
      title: 'Requests by service',
      description: '`other` are those whose key nobody knows.',
      unit: 'reqps',
      queries: {
        '{{client}}': perSecond(requests(), 'client'),
      },
    }),
    lines({
      title: 'Refused by service',
      description:
        "Share of a service's requests refused for a limit: its quota, the queue, or the upstream. Queue / Refusals by reason tells which.",
      unit: 'percentunit',
      queries: {
        '{{client}}': `${perSecond(rejections('reason!~"not_cached|draining"'), 'client')} / ${perSecond(requests(), 'client')}`,
      },
    }),
    lines({
      title: 'Failed by service',
      description:
        "Share of a service's requests due an answer that failed. Alike for all: the upstream or the gateway. For one: its model, or how long it is willing to wait.",
      unit: 'percentunit',
      queries: {
        '{{client}}': `${perSecond(requests(...FAILED), 'client')} / ${perSecond(requests(...DUE), 'client')}`,
      },
    }),
    lines({
      title: 'Full hits by service',
      description:
        "Share of a service's answers that came wholly from the cache. Low: its queries or documents hardly repeat.",
      unit: 'percentunit',
      queries: {
        '{{client}}': `${perSecond(requests('outcome="hit"'), 'client')} / ${perSecond(requests(ANSWERED), 'client')}`,
      },
    }),
    lines(
      {
        title: 'Upstream calls by service',
        description:
          'Calls that a service caused. A shared call is that of the service that began it; `other` are samples and renewals.',
        unit: 'reqps',
        queries: {
          '{{client}}': perSecond(own('gateway_client_upstream_calls_total', ['model', 'client']), 'client'),
        },
      },
      { stacked: true },
    ),
    lines(
      {
        title: 'Search units by service',
        description: 'What these calls cost, in the time shown up to each point.',
        unit: 'short',
        queries: {
          '{{client}}': inRange(own('gateway_client_search_units_total', ['model', 'client']), 'client'),
        },
      },
      { stacked: true },
    ),
    lines({
      title: 'Keys, by time since their last use',
      description:
        'A line that only rises is a key that nobody sends any more: it can be dropped from GATEWAY_KEYS. Numbers are those of the keys of a service, in the order of the variable; one without a line was not used since the last restart.',
      unit: 's',
      queries: {
        '{{client}} {{key}}': `time() - (max by (client, key) (${own('gateway_client_key_last_used_timestamp_seconds', ['client'])}) > 0)`,
      },
    }),
    lines({
      title: 'Answers by status',
      description: 'HTTP status. 499: the caller left before the answer.',
      unit: 'reqps',
      queries: {
        '{{code}}': perSecond(requests(), 'code'),
      },
    }),
    lines({
      title: 'Documents per request',
      description:
        'More than 100 cost more than one search unit. Counted at its bucket: 1, 5, 10, 25, 50, 100, 250, 500, 1000.',
      unit: 'short',
      queries: {
        'p50 {{model}}': quantile(0.5, 'gateway_request_documents', ['model'], ['model']),
        'p95 {{model}}': quantile(0.95, 'gateway_request_documents', ['model'], ['model']),
      },
    }),
  ],
};
