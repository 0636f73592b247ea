/** Each status with which the gateway refuses or fails, and how a client shows it. */

import { expect, test } from 'vitest';
import { fresh } from '../e2e/requests.ts';
import { AMAZON, COHERE, KEYS, type TestGateway } from '../support/gateway.ts';
import { ask, errorOf, inFrontOf, setting } from './bed.ts';
import type { Client, Question, Status } from './client.ts';

/** More than any number of attempts. */
const ALWAYS = 100;

interface Refusal {
  readonly says: string;
  readonly key?: string;
  readonly question?: Partial<Question>;
  /** What goes wrong before. */
  readonly prepare?: (gateway: TestGateway) => unknown;
  /** The gateway's, milliseconds; its default where the answer does not wait for anything. */
  readonly patience?: number;
}

const REFUSALS: Readonly<Record<Status, Refusal>> = {
  400: { question: { query: ' ' }, says: '`query` must not be blank.' },
  401: { key: 'wrong-key-SECRET-9999', says: 'This key is not one of the gateway’s.' },
  403: { key: KEYS.chatbot, says: `This key may not use \`model\` ${COHERE}.` },
  404: { question: { model: 'rerank-v9' }, says: '`model` must be one of' },
  413: { question: { documents: ['x'.repeat(100_000)] }, says: 'The request body is larger than' },
  429: {
    key: KEYS.evaluation,
    prepare: async ({ rerank }) =>
      (await rerank(fresh(), { headers: { authorization: `Bearer ${KEYS.evaluation}` } })).text(),
    says: 'The quota of evaluation is used up',
  },
  502: {
    // Of a proxy, which is not asked again for it.
    prepare: ({ simulator }) => simulator.fault({ kind: 'status', status: 407 }, ALWAYS),
    says: 'The upstream failed.',
  },
  503: {
    prepare: ({ simulator }) => simulator.fault({ kind: 'status', status: 503, retryAfter: '40' }, ALWAYS),
    says: 'The upstream wants to be left alone.',
  },
  504: {
    prepare: ({ simulator }) => simulator.fault({ kind: 'hang' }, ALWAYS),
    patience: 1000,
    says: 'The answer did not come in time.',
  },
};

/** Small bodies, one service with one model, another with one call a minute. */
const LIMITED = {
  MAX_BODY_MB: '0.05',
  GATEWAY_KEYS: `search:${KEYS.search},chatbot:${KEYS.chatbot};models=${AMAZON},evaluation:${KEYS.evaluation};rpm=1`,
};

export const refusals = (client: Client): void => {
  for (const [code, { says, key = KEYS.search, question, prepare, patience }] of Object.entries(REFUSALS)) {
    const status = Number(code) as Status;
    const env = { ...LIMITED, ...(patience && { MAX_WAIT_MS: String(patience) }) };
    test(`shows a ${status} as ${client.kinds[status]}, with the gateway’s own words`, () =>
      inFrontOf({ env }, async (gateway) => {
        await prepare?.(gateway);
        const error = await errorOf(client.rank(setting(gateway, { key, retries: false }), ask(question)));
        expect(client.shown(error)).toEqual({
          kind: client.kinds[status],
          status,
          message: expect.stringContaining(says),
        });
      }));
  }
};
