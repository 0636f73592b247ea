/** What a gateway has spent upstream, computed from its metrics. Pure. */

import { NOTHING_SPENT, plus, type Spent, type Usage } from './spending.ts';

/** What was spent between two scrapes, including other requests to the gateway in that time. */
export const usageBetween = (before: string, after: string): Usage => {
  const start = counters(before);
  const byModel = new Map<string, Spent>();
  for (const [model, end] of counters(after)) {
    const from = start.get(model) ?? NOTHING_SPENT;
    const difference = {
      calls: end.calls - from.calls,
      documents: end.documents - from.documents,
      searchUnits: end.searchUnits - from.searchUnits,
      throttled: end.throttled - from.throttled,
    };
    if (Object.values(difference).some((value) => value !== 0)) byModel.set(model, difference);
  }
  return { byClient: undefined, byModel };
};

const counters = (text: string): Map<string, Spent> => {
  const byModel = new Map<string, Spent>();
  for (const { name, labels, value } of samples(text)) {
    const { model } = labels;
    const spent = meaning(name, labels, value);
    if (model && spent) byModel.set(model, plus(byModel.get(model) ?? NOTHING_SPENT, spent));
  }
  return byModel;
};

type Labels = Readonly<Record<string, string>>;

const meaning = (name: string, { code, source }: Labels, value: number): Spent | undefined => {
  switch (name) {
    case 'gateway_upstream_requests_total':
      return { ...NOTHING_SPENT, calls: value, throttled: code === '429' ? value : 0 };
    case 'gateway_documents_total':
      return source === 'upstream' ? { ...NOTHING_SPENT, documents: value } : undefined;
    case 'gateway_upstream_search_units_total':
      return { ...NOTHING_SPENT, searchUnits: value };
    default:
      return undefined;
  }
};

/** The samples of Prometheus' text format. Our label values have no escapes. */
function* samples(text: string): Generator<{ name: string; labels: Labels; value: number }> {
  for (const line of text.split('\n')) {
    const [, name, labels, value] = /^(\w+)\{(.*)\} (\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const pairs = [...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key!, text!] as const);
    yield { name, labels: Object.fromEntries(pairs), value: Number(value) };
  }
}
