import { lines } from '../panels.ts';
import type { Row } from '../row.ts';
import { ANSWERED, CACHED, own, perSecond } from '../series.ts';

const requests = (...more: string[]): string => own('gateway_requests_total', ['model'], ...more);
const documents = (...more: string[]): string => own('gateway_documents_total', ['model'], ...more);
const lookups = (...more: string[]): string => own('gateway_cache_requests_total', ['model'], ...more);
const calls = own('gateway_upstream_requests_total', ['model']);

export const cache: Row = {
  title: 'Cache',
  panels: [
    lines({
      title: 'Hit ratio by documents',
      description: 'Share of the documents answered whose score came from memory or Redis.',
      unit: 'percentunit',
      queries: {
        '{{model}}': `${perSecond(documents(CACHED), 'model')} / ${perSecond(documents(), 'model')}`,
      },
    }),
    lines(
      {
        title: 'Documents by source',
        description:
          'Documents answered a second. joined: from a call that another request had made already.',
        unit: 'suffix: docs/s',
        queries: { '{{source}}': perSecond(documents(), 'source') },
      },
      { stacked: true },
    ),
    lines({
      title: 'Pairs reused',
      description:
        'Pairs of query and document whose score was known, or on its way, when they were asked for.',
      unit: 'suffix: pairs/s',
      queries: { '{{model}}': perSecond(documents('source!="upstream"'), 'model') },
    }),
    lines({
      title: 'Look-ups answered',
      description:
        'Share of the look-ups in each tier that found everything fresh. Redis is asked only for what memory did not have.',
      unit: 'percentunit',
      queries: {
        '{{tier}} {{model}}': `${perSecond(lookups('result="hit"'), 'tier', 'model')} / ${perSecond(lookups(), 'tier', 'model')}`,
      },
    }),
    lines({
      title: 'Partial hits',
      description:
        'Share of the answers that came in part from the cache: fewer documents went upstream, but a call was made.',
      unit: 'percentunit',
      queries: {
        '{{model}}': `${perSecond(requests('outcome="partial"'), 'model')} / ${perSecond(requests(ANSWERED), 'model')}`,
      },
    }),
    lines({
      title: 'Calls saved',
      description:
        'Answers given less upstream calls made, a second: what cache and shared calls save, net of attempts made again.',
      unit: 'reqps',
      queries: { '{{model}}': `${perSecond(requests(ANSWERED), 'model')} - ${perSecond(calls, 'model')}` },
    }),
    lines({
      title: 'Old scores served',
      description:
        'Requests answered with scores past their time because the upstream failed. Above 0 the upstream is ill.',
      unit: 'reqps',
      queries: { '{{model}}': perSecond(requests('outcome="stale"'), 'model') },
    }),
    lines({
      title: 'Memory tier',
      description: 'Bytes of scores in each process, bounded by CACHE_MEMORY_MB.',
      unit: 'bytes',
      queries: {
        '{{dyno}}': `max by (dyno) (${own('gateway_cache_bytes')})`,
      },
    }),
    lines({
      title: 'Results in memory',
      description: "Entries in each process's memory.",
      unit: 'short',
      queries: {
        '{{dyno}}': `max by (dyno) (${own('gateway_cache_entries')})`,
      },
    }),
  ],
};
