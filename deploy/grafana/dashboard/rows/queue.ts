import { lines } from '../panels.ts';
import type { Row } from '../row.ts';
import { CALLED, own, perSecond, quantile, shared } from '../series.ts';

const requests = (...more: string[]): string => own('gateway_requests_total', ['model', 'client'], ...more);

export const queue: Row = {
  title: 'Queue',
  panels: [
    lines({
      title: 'Waiting calls',
      description: 'Upstream calls that wait for a permit, in all processes.',
      unit: 'short',
      queries: {
        '{{model}}': `sum by (model) (${own('gateway_queue_depth', ['model'])})`,
      },
    }),
    lines({
      title: 'Queue used',
      description:
        'How full the queue is. wait: of what the limit lets through in 25 s; places: of the 1000 in one process. At 100 % callers are refused.',
      unit: 'percentunit',
      queries: {
        '{{model}} {{bound}}': `max by (model, bound) (${shared('job_model:gateway_queue_used:ratio', ['model'])})`,
      },
    }),
    lines({
      title: 'Wait for a permit',
      description: 'How long calls waited that got a permit. Those that were refused are not among them.',
      unit: 's',
      queries: {
        'p50 {{model}}': quantile(0.5, 'gateway_queue_wait_seconds', ['model'], ['model']),
        'p99 {{model}}': quantile(0.99, 'gateway_queue_wait_seconds', ['model'], ['model']),
      },
    }),
    lines(
      {
        title: 'Calls through the queue',
        description:
          'Slots granted a second, by what the call waited for. none: it did not; full: every place of the limit was held; spaced: the burst was used up; paused: the upstream wants it; cold: it is not known what the upstream still counts; alone: Redis is lost; turn: another process went first. Level at the limit while the queue grows: it is used up.',
        unit: 'reqps',
        queries: { '{{reason}}': perSecond(own('gateway_queue_waits_total', ['model']), 'reason') },
      },
      { stacked: true },
    ),
    lines(
      {
        title: 'Refusals by reason',
        description:
          "wait_too_long: the wait would be longer than the caller's patience; quota_exhausted: the service's own quota; queue_full: MAX_QUEUE; upstream_throttled: the upstream said 429; draining: a restart; not_cached: only-if-cached.",
        unit: 'reqps',
        queries: { '{{reason}}': perSecond(own('gateway_rejections_total', ['model', 'client']), 'reason') },
      },
      { stacked: true },
    ),
    lines(
      {
        title: 'Share of upstream calls',
        description:
          "Of the answers that needed a call, the share of each service. While the limit is used up, shares follow the services' weights.",
        unit: 'percentunit',
        max: 1,
        queries: {
          '{{client}}': `${perSecond(requests(CALLED), 'client')} / ignoring(client) group_left() ${perSecond(requests(CALLED))}`,
        },
      },
      { stacked: true },
    ),
  ],
};
