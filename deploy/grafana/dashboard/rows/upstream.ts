import { figure, lines } from '../panels.ts';
import type { Row } from '../row.ts';
import { inRange, own, perSecond, quantile, shared } from '../series.ts';

const calls = (...more: string[]): string => own('gateway_upstream_requests_total', ['model'], ...more);
const units = own('gateway_upstream_search_units_total', ['model']);
/** Every process tells of the same window. */
const budget = (metric: string): string => `max by (upstream, model) (${shared(metric, ['model'])})`;
const USED = budget('gateway_ratelimit_used_requests');
const LIMIT = budget('gateway_ratelimit_limit_requests');
const USED_TOKENS = budget('gateway_ratelimit_used_tokens');
const LIMIT_TOKENS = budget('gateway_ratelimit_limit_tokens');
const tokens = own('gateway_upstream_tokens_total', ['model']);

export const upstream: Row = {
  title: 'Upstream',
  panels: [
    lines({
      title: 'Used of the limit',
      description:
        'Calls held in the window, and their tokens where these are limited, as shares of what the attachment allows. A call is held from its permit until one window after its answer.',
      unit: 'percentunit',
      queries: {
        'calls {{upstream}} {{model}}': `${USED} / ${LIMIT}`,
        'tokens {{upstream}} {{model}}': `${USED_TOKENS} / ${LIMIT_TOKENS}`,
      },
    }),
    lines({
      title: 'Calls held and allowed',
      description: 'The two numbers behind it: calls of one window.',
      unit: 'short',
      queries: {
        'held {{upstream}} {{model}}': USED,
        'allowed {{upstream}} {{model}}': LIMIT,
      },
    }),
    lines({
      title: 'Tokens held and allowed',
      description:
        'Tokens of one window, of models that have such a limit. Of calls that are out, what they may cost.',
      unit: 'short',
      queries: {
        'held {{upstream}} {{model}}': USED_TOKENS,
        'allowed {{upstream}} {{model}}': LIMIT_TOKENS,
      },
    }),
    lines(
      {
        title: 'Calls by answer',
        description:
          'Status that the upstream answered; without one: failed, timeout, or cancelled (nobody waited any more). There should be no 429.',
        unit: 'reqps',
        queries: { '{{upstream}} {{code}}': perSecond(calls(), 'upstream', 'code') },
      },
      { stacked: true },
    ),
    lines({
      title: 'Call duration',
      description: 'Of every call made, whatever it came to.',
      unit: 's',
      queries: {
        'p50 {{upstream}}': quantile(0.5, 'gateway_upstream_duration_seconds', ['model'], ['upstream']),
        'p99 {{upstream}}': quantile(0.99, 'gateway_upstream_duration_seconds', ['model'], ['upstream']),
      },
    }),
    lines(
      {
        title: 'Attempts made again',
        description: 'By what the attempt before ended in. Each takes a permit.',
        unit: 'reqps',
        queries: { '{{reason}}': perSecond(own('gateway_upstream_retries_total', ['model']), 'reason') },
      },
      { stacked: true },
    ),
    lines({
      title: 'Refused by the firewall',
      description:
        'Calls that the content firewall in front of the upstream answered with a page. Finding the document takes some twenty; the log names who sent it.',
      unit: 'reqps',
      queries: { '{{model}}': perSecond(own('gateway_firewall_refusals_total', ['model']), 'model') },
    }),
    lines({
      title: 'Calls kept away',
      description:
        '1 while an attachment is left alone because it fails or refuses, for one model at least; 0 in between, when the next call may try it.',
      unit: 'bool_yes_no',
      queries: { '{{upstream}} {{dyno}}': `max by (upstream, dyno) (${own('gateway_circuit_open')})` },
    }),
    lines({
      title: 'Search units',
      description: 'What the upstream bills: one for a query with up to 100 documents.',
      unit: 'suffix: units/min',
      queries: {
        '{{upstream}} {{model}}': `${perSecond(units, 'upstream', 'model')} * 60`,
      },
    }),
    lines({
      title: 'Tokens billed',
      description: 'What the upstream bills for embeddings.',
      unit: 'suffix: tokens/min',
      queries: { '{{upstream}} {{model}}': `${perSecond(tokens, 'upstream', 'model')} * 60` },
    }),
    lines({
      title: 'Search units per call',
      description: 'Above 1: requests of more than 100 documents, or long ones.',
      unit: 'short',
      queries: {
        '{{model}}': `${perSecond(units, 'model')} / ${perSecond(calls('code="200"'), 'model')}`,
      },
    }),
    figure(
      {
        title: 'Spent',
        description: 'Search units billed in the time shown, and dollars at the price of a unit set above.',
        unit: 'currencyUSD',
        height: 8,
        decimals: 2,
        queries: { '{{model}}': `${inRange(units, 'model')} * $price` },
      },
      { overall: true },
    ),
  ],
};
