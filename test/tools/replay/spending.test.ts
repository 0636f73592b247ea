import { describe, expect, test } from 'vitest';
import { usageBetween } from '../../../src/tools/replay/metrics.ts';
import { type LoggedCall, total, usageOf } from '../../../src/tools/replay/spending.ts';
import { traces } from '../../../src/tools/replay/traces.ts';

describe('the upstream’s own log', () => {
  const { of, numberOf } = traces();
  const call = (number: number, model: string, status: number | undefined): LoggedCall => ({
    model,
    status,
    documents: 10,
    searchUnits: status === 200 ? 1 : 0,
    traceparent: number === 0 ? '' : of(number),
  });
  const clients = new Map([
    [1, 'search'],
    [2, 'chatbot'],
  ]);

  test('tells by the trace context whose request each call was made for', () => {
    const calls = [
      call(1, 'm', 200),
      call(1, 'm', 429),
      call(2, 'n', 200),
      call(2, 'n', undefined),
      call(0, 'm', 200),
    ];
    const usage = usageOf(calls, (traceparent) => clients.get(numberOf(traceparent) ?? 0));
    expect(Object.fromEntries(usage.byClient!)).toEqual({
      search: { calls: 2, documents: 20, searchUnits: 1, throttled: 1 },
      chatbot: { calls: 2, documents: 20, searchUnits: 1, throttled: 0 },
      '': { calls: 1, documents: 10, searchUnits: 1, throttled: 0 },
    });
    expect(usage.byModel.get('m')).toEqual({ calls: 3, documents: 30, searchUnits: 2, throttled: 1 });
    expect(total(usage)).toEqual({ calls: 5, documents: 50, searchUnits: 3, throttled: 1 });
  });

  test('has a trace context for every request, and knows those of another run as none of its own', () => {
    expect(of(6000)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect([1, 255, 6000].map((number) => numberOf(of(number)))).toEqual([1, 255, 6000]);
    expect(numberOf(traces().of(1))).toBeUndefined();
    expect(numberOf('')).toBeUndefined();
  });
});

describe('a gateway’s metrics', () => {
  const scrape = (calls: number, refused: number, documents: number, units: number): string => `
# HELP gateway_upstream_requests_total Upstream calls, by status of the answer.
# TYPE gateway_upstream_requests_total counter
gateway_upstream_requests_total{upstream="RERANK",model="m",code="200",dyno="a"} ${calls}
gateway_upstream_requests_total{upstream="RERANK_EU",model="m",code="200",dyno="a"} 1
gateway_upstream_requests_total{upstream="RERANK",model="m",code="429",dyno="a"} ${refused}
gateway_upstream_requests_total{upstream="RERANK",model="idle",code="200",dyno="a"} 3
gateway_documents_total{model="m",source="upstream",dyno="a"} ${documents}
gateway_documents_total{model="m",source="memory",dyno="a"} ${documents * 9}
gateway_upstream_search_units_total{upstream="RERANK",model="m",dyno="a"} ${units}
gateway_requests_in_flight{dyno="a"} 3
process_start_time_seconds 1.5e9
`;

  test('tell what was spent between two scrapes, of all attachments together', () => {
    const usage = usageBetween(scrape(10, 1, 100, 12), scrape(30, 3, 400, 40));
    expect([...usage.byModel]).toEqual([['m', { calls: 22, documents: 300, searchUnits: 28, throttled: 2 }]]);
    expect(usage.byClient).toBeUndefined();
  });

  test('tell of a model that had no series at the first scrape', () => {
    expect(total(usageBetween('', scrape(1, 0, 5, 1)))).toMatchObject({ calls: 5, documents: 5 });
  });
});
