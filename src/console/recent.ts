/** The last requests that this process has answered, so that one can be asked about by its id. No query, document or key. */

import type { Caller, RequestRecord } from '../http/context.ts';
import type { Passage } from './shown.ts';

/** How many are kept. */
export const MOST_RECENT = 2048;

export class Recent {
  readonly #kept: RequestRecord[] = [];
  #next = 0;

  note(record: RequestRecord): void {
    this.#kept[this.#next] = record;
    this.#next = (this.#next + 1) % MOST_RECENT;
  }

  /** The newest request of that id which the caller may see: its own, or any if its key is marked `admin`. */
  find(id: string, caller: Caller): Passage | undefined {
    const found = this.#kept.filter(
      (record) => record.id === id && (caller.admin || record.client === caller.name),
    );
    const newest = found.sort((a, b) => endOf(b) - endOf(a))[0];
    return newest && passageOf(newest);
  }
}

/** Monotonic milliseconds. */
const endOf = ({ startedAt, durationMs }: RequestRecord): number => startedAt + durationMs;

const passageOf = (record: RequestRecord): Passage => {
  const { timing, upstream } = record;
  const calls = upstream?.calls;
  return {
    id: record.id,
    at: Date.now() - (performance.now() - endOf(record)),
    path: record.path,
    client: record.client,
    model: record.model,
    outcome: record.outcome,
    status: record.status,
    error: record.error,
    documents: record.documents,
    sources: record.sources ?? {},
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
