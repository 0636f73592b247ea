import { lines } from '../panels.ts';
import type { Row } from '../row.ts';
import { ANSWERED, CACHED, CALLED, own, perSecond } from '../series.ts';
import { trust } from './cache-trust.ts';

const requests = (...more: string[]): string => own('gateway_requests_total', ['model'], ...more);
const documents = (...more: string[]): string => own('gateway_documents_total', ['model'], ...more);
const lookups = (...more: string[]): string => own('gateway_cache_requests_total', ['model'], ...more);
const calls = own('gateway_upstream_requests_total', ['model'], 'code="200"');

/** Share of the look-ups that ended so, in each tier. */
const ended = (result: string): Readonly<Record<string, string>> => ({
  '{{tier}} {{model}}': `${perSecond(lookups(`result="${result}"`), 'tier', 'model')} / ${perSecond(lookups(), 'tier', 'model')}`,
});

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
      queries: { '{{model}}': perSecond(documents('source=~"memory|redis|joined"'), 'model') },
    }),
    lines({
      title: 'Look-ups answered',
      description:
        'Share of the look-ups in each tier that found everything fresh. Redis is asked only for what memory did not have.',
      unit: 'percentunit',
      queries: ended('hit'),
    }),
    lines({
      title: 'Look-ups answered in part',
      description:
        'Share of the look-ups in each tier that found some of the documents, and asked on for the rest.',
      unit: 'percentunit',
      queries: ended('partial'),
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
        'Answers that no upstream call was made for, a second. cache: wholly from memory or Redis; sharing: the other answers less the calls that brought scores, so what calls made for several saved. Calls in the background, and for callers who have left, count against it, so it may fall below 0. Failed attempts and old scores count nowhere.',
      unit: 'reqps',
      queries: {
        'cache {{model}}': perSecond(requests('outcome="hit"'), 'model'),
        'sharing {{model}}': `${perSecond(requests(CALLED), 'model')} - ${perSecond(calls, 'model')}`,
      },
    }),
    lines({
      title: 'Requests merged',
      description:
        'Requests a second whose documents were added to a call that still waited for its permit. 0 while no call has to wait.',
      unit: 'reqps',
      queries: { '{{model}}': perSecond(own('gateway_merged_requests_total', ['model']), 'model') },
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
      title: 'Pairs in memory',
      description: 'Scored pairs of query and document that each process remembers.',
      unit: 'short',
      queries: {
        '{{dyno}}': `max by (dyno) (${own('gateway_cache_entries')})`,
      },
    }),
    ...trust,
  ],
};
