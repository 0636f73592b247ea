/** The last requests that this process has answered, so that one can be asked about by its id. No query, document or key. */

import type { Caller, RequestRecord } from '../http/context.ts';
import type { Passage } from './shown.ts';

/** How many are kept. */
export const MOST_RECENT = 2048;

export class Recent {
  readonly #kept: Passage[] = [];
  #next = 0;

  note(record: RequestRecord): void {
    this.#kept[this.#next] = passageOf(record);
    this.#next = (this.#next + 1) % MOST_RECENT;
  }

  /** The newest request of that id which the caller may see: its own, or any if its key is marked `admin`. */
  find(id: string, caller: Caller): Passage | undefined {
    const found = this.#kept.filter(
      (passage) => passage.id === id && (caller.admin || passage.client === caller.name),
    );
    return found.sort((a, b) => b.at - a.at)[0];
  }
}

/** Copied field by field: a record may hold an error, and lists as long as the request's. */
const passageOf = (record: RequestRecord): Passage => {
  const { timing, upstream } = record;
  const calls = upstream?.calls;
  return {
    id: record.id,
    at: Date.now(),
    path: record.path,
    client: record.client,
    model: record.model,
    outcome: record.outcome,
    status: record.status,
    error: record.error,
    documents: record.documents,
    sources: countsOf(record.sources ?? []),
    ms: record.durationMs,
    authMs: record.authMs,
    cacheMs: timing?.cacheMs,
    queueMs: timing?.queueMs ?? calls?.queueMs,
    upstreamMs: timing?.upstreamMs ?? calls?.upstreamMs,
    wait: timing?.wait ?? record.wait,
    attempts: timing?.attempts ?? calls?.each ?? [],
    retryAfterMs: record.retryAfterMs,
    searchUnits: record.searchUnits,
    tokens: record.tokens,
  };
};

const countsOf = (sources: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  // In runs: usually all of them are one.
  for (let from = 0, to = 0; from < sources.length; from = to) {
    const source = sources[from]!;
    while (sources[to] === source) to++;
    counts[source] = (counts[source] ?? 0) + to - from;
  }
  return counts;
};
