/** Whether cached scores may be reused as they are: what the gateway finds when it scores some of them again. */

import { lines, table } from '../panels.ts';
import type { Row } from '../row.ts';
import { own, perSecond, shared } from '../series.ts';

const verified = (...more: string[]): string => own('gateway_verified_pairs_total', ['model'], ...more);
const drift = (suffix: string, ...more: string[]): string =>
  perSecond(own(`gateway_score_drift_${suffix}`, ['model'], ...more), 'model');

export const trust: Row['panels'] = [
  table({
    title: 'Granularity in force',
    description:
      'What scores are reused for. document: the pair; request: the same set of documents; off: nothing. Two for one model: dynos are configured differently, or one has not heard yet that its scores depend on companions.',
    unit: 'string',
    queries: {
      '{{model}}': `max by (model, granularity) (${shared('gateway_cache_granularity', ['model'])})`,
    },
  }),
  lines({
    title: 'Pairs scored again',
    description:
      'Cached pairs a second that were scored again in idle moments, VERIFY_RATE of those that answered.',
    unit: 'suffix: pairs/s',
    width: 12,
    queries: { '{{result}} {{model}}': perSecond(verified(), 'model', 'result') },
  }),
  lines({
    title: 'Pairs that drifted',
    description:
      'Share of the pairs scored again whose score was another. any: be it in the last bits, which is harmless; beyond 0.001: scores depend on companions, or the model was replaced (changed).',
    unit: 'percentunit',
    width: 12,
    queries: {
      'any {{model}}': `${perSecond(verified('result="drifted"'), 'model')} / ${perSecond(verified(), 'model')}`,
      'beyond 0.001 {{model}}': `1 - ${drift('bucket', 'le="0.001"')} / ${drift('count')}`,
    },
  }),
];
