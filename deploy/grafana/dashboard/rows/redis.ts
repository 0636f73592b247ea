import { lines } from '../panels.ts';
import type { Row } from '../row.ts';
import { own, perSecond, quantile } from '../series.ts';

export const redis: Row = {
  title: 'Redis',
  panels: [
    lines({
      title: 'Connected',
      description: '1 while a process reaches Redis. Nothing is shown without REDIS_URL.',
      unit: 'bool_yes_no',
      queries: {
        '{{dyno}}': `min by (dyno) (${own('gateway_redis_up')})`,
      },
      width: 6,
    }),
    lines({
      title: 'Not well',
      description:
        'Processes to which Redis is something else than up: outage, wrong server, refused, forbidden (a right is missing) or full. The log has its own word for it.',
      unit: 'short',
      queries: {
        '{{state}}': `sum by (state) (${own('gateway_redis_state', [], 'state!="up"')})`,
      },
      width: 6,
    }),
    lines({
      title: 'Limit not shared',
      description:
        '1 while a process goes on with its share of a limit, since it cannot see the calls of the others: Redis is gone, or is nothing that the limit can be shared by.',
      unit: 'bool_yes_no',
      queries: {
        '{{upstream}} {{model}} {{dyno}}': `max by (upstream, model, dyno) (${own('gateway_pacing_alone', ['model'])})`,
      },
      width: 6,
    }),
    lines({
      title: 'Errors',
      description:
        'Commands that failed or took too long. Callers do not notice; the cache and the quota do. A snapshot that was not read is another process missing here.',
      unit: 'ops',
      queries: {
        '{{op}} {{kind}}': perSecond(own('gateway_redis_errors_total'), 'op', 'kind'),
        'snapshot not read': perSecond(own('gateway_fleet_snapshots_skipped_total')),
      },
      width: 6,
    }),
    lines({
      title: 'Command duration',
      description: 'As a process sees it, the way there and back included.',
      unit: 's',
      queries: {
        'p50 {{op}}': quantile(0.5, 'gateway_redis_command_duration_seconds', [], ['op']),
        'p99 {{op}}': quantile(0.99, 'gateway_redis_command_duration_seconds', [], ['op']),
      },
      width: 12,
    }),
    lines({
      title: 'Commands',
      description: 'Of the cache and the quotas, a second.',
      unit: 'ops',
      queries: {
        '{{op}}': perSecond(own('gateway_redis_command_duration_seconds_count'), 'op'),
      },
      width: 12,
    }),
  ],
};
