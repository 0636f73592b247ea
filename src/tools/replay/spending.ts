/** What was spent upstream, according to its own log or the gateway's metrics. Pure. */

export interface Spent {
  readonly calls: number;
  /** Documents in those calls. */
  readonly documents: number;
  readonly searchUnits: number;
  /** Calls refused with 429. */
  readonly throttled: number;
}

export interface Usage {
  /** Undefined if the clients of the calls are unknown. Calls that belong to no request are under ''. */
  readonly byClient: ReadonlyMap<string, Spent> | undefined;
  readonly byModel: ReadonlyMap<string, Spent>;
}

export const NOTHING_SPENT: Spent = { calls: 0, documents: 0, searchUnits: 0, throttled: 0 };

export const plus = (a: Spent, b: Spent): Spent => ({
  calls: a.calls + b.calls,
  documents: a.documents + b.documents,
  searchUnits: a.searchUnits + b.searchUnits,
  throttled: a.throttled + b.throttled,
});

export const total = ({ byModel }: Usage): Spent => [...byModel.values()].reduce(plus, NOTHING_SPENT);

/** One call as the simulator saw it. */
export interface LoggedCall {
  readonly model: string;
  /** Undefined when its answer was never completed. */
  readonly status: number | undefined;
  readonly documents: number;
  /** 0 unless the call was answered. */
  readonly searchUnits: number;
  /** As it came; '' without one. */
  readonly traceparent: string;
}

/** @param clientOf the client of the request with this trace context; undefined: it belongs to none */
export const usageOf = (
  calls: readonly LoggedCall[],
  clientOf: (traceparent: string) => string | undefined,
): Usage => {
  const byClient = new Map<string, Spent>();
  const byModel = new Map<string, Spent>();
  for (const { model, status, documents, searchUnits, traceparent } of calls) {
    const spent = { calls: 1, documents, searchUnits, throttled: status === 429 ? 1 : 0 };
    const client = clientOf(traceparent) ?? '';
    byClient.set(client, plus(byClient.get(client) ?? NOTHING_SPENT, spent));
    byModel.set(model, plus(byModel.get(model) ?? NOTHING_SPENT, spent));
  }
  return { byClient, byModel };
};
