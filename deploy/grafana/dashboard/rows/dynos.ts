import { figure, lines, table } from '../panels.ts';
import type { Row } from '../row.ts';
import { own, perSecond } from '../series.ts';

export const dynos: Row = {
  title: 'Dynos',
  panels: [
    lines({
      title: 'Requests by dyno',
      description: 'The router chooses at random: all should be alike.',
      unit: 'reqps',
      queries: {
        '{{dyno}}': perSecond(own('gateway_requests_total', ['model', 'client']), 'dyno'),
      },
    }),
    lines({
      title: 'CPU',
      description: 'Of one core, which is what a process can use.',
      unit: 'percentunit',
      queries: {
        '{{dyno}}': perSecond(own('process_cpu_seconds_total'), 'dyno'),
      },
    }),
    lines({
      title: 'Event loop lag',
      description: '99th percentile. What is ready to run waits that long, hits included; 0.1 s is too much.',
      unit: 's',
      queries: {
        '{{dyno}}': `max by (dyno) (${own('nodejs_eventloop_lag_p99_seconds')})`,
      },
    }),
    lines({
      title: 'Memory',
      description: 'Resident. A standard-1x dyno has 512 MB and swaps beyond.',
      unit: 'bytes',
      queries: {
        '{{dyno}}': `max by (dyno) (${own('process_resident_memory_bytes')})`,
      },
    }),
    lines({
      title: 'Heap',
      description: 'In use by JavaScript. A slope that never ends is a leak.',
      unit: 'bytes',
      queries: {
        '{{dyno}}': `max by (dyno) (${own('nodejs_heap_size_used_bytes')})`,
      },
    }),
    lines({
      title: 'Requests under way',
      description: 'Requests that are being answered.',
      unit: 'short',
      queries: {
        '{{dyno}}': `sum by (dyno) (${own('gateway_requests_in_flight')})`,
      },
    }),
    lines({
      title: 'Share of what the router lets wait',
      description:
        'Requests under way, as a share of the 200 a dyno that Heroku lets wait. Beyond, it answers 503 by itself (H11).',
      unit: 'percentunit',
      limits: [0.5, 0.9],
      queries: {
        waiting: `sum(${own('gateway_requests_in_flight')}) / (200 * count(${own('gateway_build_info')}))`,
      },
    }),
    lines({
      title: 'Bytes held for requests',
      description: 'Bodies that arrive, wait and are sent. Beyond MAX_BUFFER_MB requests are told 503.',
      unit: 'bytes',
      queries: {
        '{{dyno}}': `sum by (dyno) (${own('gateway_buffered_bytes')})`,
      },
    }),
    lines({
      title: 'Requests refused for their bytes',
      description: 'Large ones, of more than 64 KB, or even small ones.',
      unit: 'reqps',
      queries: {
        '{{dyno}}, {{reason}}': perSecond(own('gateway_shed_total'), 'dyno', 'reason'),
      },
    }),
    lines({
      title: 'Log lines dropped',
      description: 'What reads the log is too slow, or gone. Nothing waits for it.',
      unit: 'short',
      queries: {
        '{{dyno}}': perSecond(own('gateway_log_lines_dropped_total'), 'dyno'),
      },
    }),
    lines({
      title: 'Open files',
      description: 'Connections, mostly.',
      unit: 'short',
      queries: {
        '{{dyno}}': `max by (dyno) (${own('process_open_fds')})`,
      },
    }),
    figure(
      {
        title: 'Restarts',
        description: 'In the time shown. Heroku restarts every dyno about once a day, and with each release.',
        unit: 'short',
        height: 8,
        decimals: 0,
        queries: { '{{dyno}}': `max by (dyno) (changes(${own('process_start_time_seconds')}[$__range]))` },
      },
      { overall: true },
    ),
    table({
      title: 'Versions',
      description:
        'What runs where. More than one release means that one is under way. Release and commit are empty where Heroku does not tell them.',
      unit: 'string',
      queries: {
        '{{dyno}}': `group by (dyno, version, release, commit, node) (${own('gateway_build_info')})`,
      },
    }),
  ],
};
