/** The rerank handler in the onion, in front of a scorer that a test chooses. */

import { ByteBudget } from '../../src/calls/byte-budget.ts';
import { RERANK_API } from '../../src/endpoints/rerank/api.ts';
import { Callers } from '../../src/http/callers.ts';
import type { Caller, RequestRecord } from '../../src/http/context.ts';
import { type EndpointOptions, endpoint, route } from '../../src/http/endpoint.ts';
import { InstantScorer } from '../support/fakes.ts';
import { aCaller, onion } from './onion.ts';

export const MODEL = 'cohere-rerank-3-5';
export const BODY = { model: MODEL, query: 'q', documents: ['a', 'b', 'c'] };

export interface Init {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly caller?: Caller;
  readonly options?: Partial<EndpointOptions<Float64Array>>;
  readonly signal?: AbortSignal;
}

export class Desk {
  readonly inner = new InstantScorer();
  readonly callers = new Callers();
  readonly budget = new ByteBudget({ maxBytes: 10_000_000 });
  readonly records: RequestRecord[] = [];

  async post({
    body = BODY,
    headers = {},
    caller = aCaller(),
    options,
    signal,
  }: Init = {}): Promise<Response> {
    const app = onion((record) => this.records.push(record));
    app.use(async (c, next) => {
      c.set('caller', caller);
      await next();
    });
    const all: EndpointOptions<Float64Array> = {
      service: this.inner,
      callers: this.callers,
      models: [MODEL, 'amazon-rerank-1-0'],
      granularityOf: () => 'document',
      scopeOf: () => [],
      maxWaitMs: 25_000,
      maxBodyBytes: 1_000_000,
      budget: this.budget,
      ...options,
    };
    app.post('/v1/rerank', route(endpoint(RERANK_API, all)));
    const init = { method: 'POST', headers, body: JSON.stringify(body), ...(signal ? { signal } : {}) };
    return app.request('/v1/rerank', init);
  }
}
