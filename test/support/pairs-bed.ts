/** A fleet that is asked about pairs: what was sent upstream, and whether every answer is right. */

import { expect } from 'vitest';
import { type FleetBed, type FleetBedOptions, startFleetBed } from './fleet-bed.ts';
import { COHERE, KEYS } from './gateway.ts';

export interface PairsBed extends FleetBed {
  /** Asks one process; resolves with the status, and the scores by document. */
  ask(process: number, request: PairsRequest): Promise<PairsAnswer>;
  /** How often each document was sent upstream, under whatever query. */
  sent(): Map<string, number>;
}

export interface PairsRequest {
  readonly query: string;
  readonly documents: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PairsAnswer {
  readonly status: number;
  readonly scores: ReadonlyMap<string, number>;
  readonly units: number;
  readonly cacheStatus: string;
}

export const startPairsBed = async (options: Partial<FleetBedOptions> = {}): Promise<PairsBed> => {
  const bed = await startFleetBed({
    processes: 4,
    limit: 250,
    windowMs: 60_000,
    latencyMs: [300, 300],
    ...options,
    env: { VERIFY_RATE: '0', GATEWAY_KEYS: `search:${KEYS.search};admin`, ...options.env },
  });
  return {
    ...bed,
    async ask(process, { query, documents, headers }) {
      const response = await fetch(`${bed.gateways[process]!.url}/v1/rerank`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEYS.search}`, ...headers },
        body: JSON.stringify({ model: COHERE, query, documents }),
      });
      const body = (await response.json()) as {
        results?: { index: number; relevance_score: number }[];
        meta?: { billed_units: { search_units: number } };
      };
      return {
        status: response.status,
        scores: new Map(body.results?.map((result) => [documents[result.index]!, result.relevance_score])),
        units: body.meta?.billed_units.search_units ?? 0,
        cacheStatus: response.headers.get('cache-status') ?? '',
      };
    },
    sent() {
      const counts = new Map<string, number>();
      for (const { body } of bed.simulator.calls) {
        for (const document of (body as { documents?: string[] } | undefined)?.documents ?? [])
          counts.set(document, (counts.get(document) ?? 0) + 1);
      }
      return counts;
    },
  };
};

/** Every answer is a 200 with a score for each of its documents, and none differs from another's. */
export const expectAgreement = (answers: readonly PairsAnswer[], requests: readonly PairsRequest[]): void => {
  const all = new Map<string, number>();
  for (const [i, { status, scores }] of answers.entries()) {
    expect(status).toBe(200);
    expect([...scores.keys()].sort()).toEqual([...new Set(requests[i]!.documents)].sort());
    for (const [document, score] of scores) {
      expect(score).toBe(all.get(document) ?? score);
      all.set(document, score);
    }
  }
};
