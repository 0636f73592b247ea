/** Clients with quotas, and what becomes of their asks. */

import { expect } from 'vitest';
import type { ItemCall, ItemReply, Service } from '../../src/calls/call.ts';
import type { RerankError } from '../../src/calls/errors.ts';
import type { Quotas } from '../../src/quota/quotas.ts';
import { aCall, scoresOf } from '../support/fakes.ts';

export const ask = (client: string, query = 'q'): ItemCall =>
  aCall({ query, items: ['d'], terms: { client } });

export const SCORES: ItemReply = scoresOf(ask('search'));

/** A store with so many places for each client named; others have no quota. */
export const places = (free: Record<string, number>) => {
  const settled: boolean[] = [];
  const quotas: Quotas = {
    take: async (client) => {
      const left = free[client];
      if (left === undefined) return undefined;
      if (left === 0) return { retryInMs: 1234, calls: 2, windowMs: 60_000 };
      free[client] = left - 1;
      return {
        settle: (called) => {
          settled.push(called);
          if (!called) free[client]! += 1;
        },
      };
    },
  };
  return { quotas, free, settled };
};

/** The end of the column: sends each ask `attempts` times. */
export const sender = (attempts = 1) => {
  const askedBy: string[] = [];
  const scorer: Service = {
    async answer({ terms, onSend }) {
      askedBy.push(terms.client);
      for (let i = 0; i < attempts; i++) onSend?.();
      return SCORES;
    },
  };
  return { scorer, askedBy };
};

export const refused = (promise: Promise<unknown>): Promise<RerankError> =>
  promise.then(
    () => expect.unreachable('it was answered'),
    (thrown) => thrown as RerankError,
  );
