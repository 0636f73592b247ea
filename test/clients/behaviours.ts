/** The cases that every client is run through, each in front of a gateway of its own. */

import { describe, expect, test } from 'vitest';
import { lexicalScores } from '../../src/simulator/lexical.ts';
import { fresh } from '../e2e/requests.ts';
import { until } from '../support/fakes.ts';
import {
  AMAZON,
  COHERE,
  KEYS,
  metric,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts';
import type { Client, Question, Ranked, Setting, Status } from './client.ts';

/** One that no gateway knows. */
export const ask = (over: Partial<Question> = {}): Question => ({
  model: COHERE,
  query: String(fresh().query),
  documents: ['DOCTEXT about boats', 'DOCTEXT the capital of a country', 'DOCTEXT another capital'],
  topN: 2,
  ...over,
});

/** The right answer. */
export const best = ({ query, documents, topN }: Question): Ranked[] =>
  lexicalScores(query, documents, 'pointwise')
    .map((score, index) => ({ index, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, topN);

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
    prepare: ({ simulator }) => simulator.fault({ kind: 'status', status: 500 }, ALWAYS),
    patience: 1000,
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

const inFrontOf = async (
  options: TestGatewayOptions,
  act: (gateway: TestGateway) => Promise<void>,
): Promise<void> => {
  const gateway = await startTestGateway(options);
  try {
    await act(gateway);
  } finally {
    await gateway.stop();
  }
};

const setting = ({ url }: TestGateway, over: Partial<Setting> = {}): Setting => ({
  url,
  key: KEYS.search,
  retries: true,
  ...over,
});

const errorOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => 'no error',
    (error: unknown) => error,
  );

interface Line {
  /** Of the answer's end. */
  readonly time: string;
  readonly status: number;
  readonly ms: number;
}

/** Every request that the gateway has answered, or was left alone with. */
const requestsTo = ({ log }: TestGateway): Line[] =>
  log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');

/** Milliseconds from the end of one request to the beginning of the next. */
const pauseBetween = (one: Line, next: Line): number =>
  Date.parse(next.time) - next.ms - Date.parse(one.time);

export const behaviours = (client: Client): void => {
  // Side by side, since some have to wait for seconds.
  describe.concurrent(client.name, () => {
    test('gets the best documents, with the very scores of the upstream', () =>
      inFrontOf({}, async (gateway) => {
        const question = ask();
        expect(await client.rank(setting(gateway), question)).toEqual(best(question));
      }));

    test('shares a call with whoever asks the same at the same time', () =>
      inFrontOf({ simulator: { latencyMs: [300, 300] } }, async (gateway) => {
        const question = ask();
        const answers = await Promise.all([1, 2, 3].map(() => client.rank(setting(gateway), question)));
        for (const answer of answers) expect(answer).toEqual(best(question));
        expect(gateway.simulator.calls).toHaveLength(1);
      }));

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

    for (const status of [429, 503] as const) comesBack(client, status);
    leaves(client);
  });
};

const comesBack = (client: Client, status: 429 | 503): void => {
  const refuse = ({ simulator }: TestGateway, retryAfter: number): void =>
    simulator.fault({ kind: 'status', status, retryAfter: String(retryAfter) });

  if (client.again[status] === 'never') {
    test(`does not ask again by itself after a ${status}`, () =>
      inFrontOf({}, async (gateway) => {
        refuse(gateway, 40);
        expect(client.shown(await errorOf(client.rank(setting(gateway), ask())))).toMatchObject({ status });
        expect(requestsTo(gateway)).toHaveLength(1);
      }));
  } else if (client.again[status] === 'as told') {
    // Longer than its own pause: otherwise it might come then for a reason of its own.
    const seconds = (client.ownPause ?? 1) + 1;
    // The gateway adds up to a fifth, and rounds up.
    const wanted = seconds * 0.82;
    const env = { MAX_WAIT_MS: String(Math.round(wanted * 900)) };
    test(`comes back after a ${status} when Retry-After says so, ${seconds} s later, and is answered`, () =>
      inFrontOf({ env }, async (gateway) => {
        refuse(gateway, wanted);
        const question = ask();
        expect(await client.rank(setting(gateway), question)).toEqual(best(question));
        const [refused, answered, ...more] = requestsTo(gateway);
        expect([refused!.status, answered!.status, more.length]).toEqual([status, 200, 0]);
        // The clock of the log has milliseconds.
        expect(pauseBetween(refused!, answered!)).toBeGreaterThan(seconds * 1000 - 5);
      }));
  } else if (status === 503) {
    test('ignores the Retry-After of a 503, asks again at once, and is answered if it can be', () =>
      inFrontOf({}, async (gateway) => {
        refuse(gateway, 40);
        const question = ask();
        expect(await client.rank(setting(gateway), question)).toEqual(best(question));
        expect(requestsTo(gateway).map((line) => line.status)).toEqual([503, 200]);
      }));
  } else {
    test('ignores the Retry-After of a 429, and asks again at once, which costs no call', () =>
      inFrontOf({}, async (gateway) => {
        refuse(gateway, 40);
        expect(client.shown(await errorOf(client.rank(setting(gateway), ask())))).toMatchObject({ status });
        expect(requestsTo(gateway).map((line) => line.status)).toEqual([429, 429, 429]);
        expect(gateway.simulator.calls).toHaveLength(1);
      }));
  }
};

/** Asks, and gives up: by a signal as soon as `when` is true, by a time-out when that is over. */
const giveUp = async (
  { leaves, rank }: Client,
  gateway: TestGateway,
  question: Question,
  when: () => boolean | Promise<boolean>,
): Promise<unknown> => {
  if (leaves === 'by a time-out') return errorOf(rank(setting(gateway, { timeout: 0.5 }), question));
  const controller = new AbortController();
  const error = errorOf(rank(setting(gateway, { signal: controller.signal }), question));
  await until(when);
  controller.abort();
  return error;
};

const leaves = (client: Client): void => {
  if (client.leaves === 'never') {
    test('goes on though its signal is aborted, since it has no way to give up', () =>
      inFrontOf({}, async (gateway) => {
        const question = ask();
        const answer = client.rank(setting(gateway, { signal: AbortSignal.abort() }), question);
        expect(await answer).toEqual(best(question));
      }));
    return;
  }
  if (client.leaves === 'by a time-out, and asks again') {
    test('gives up by a time-out, the gateway drops the work, and the client asks again by itself', () =>
      inFrontOf({}, async (gateway) => {
        gateway.simulator.fault({ kind: 'hang' });
        const question = ask();
        expect(await client.rank(setting(gateway, { timeout: 2 }), question)).toEqual(best(question));
        expect(requestsTo(gateway).map(({ status }) => status)).toEqual([499, 200]);
        expect(gateway.simulator.calls.map(({ aborted }) => aborted)).toEqual([true, false]);
      }));
    return;
  }

  test(`gives up ${client.leaves}, says so, and the gateway drops the work`, () =>
    inFrontOf({}, async (gateway) => {
      const { calls, fault } = gateway.simulator;
      fault({ kind: 'hang' });
      const error = await giveUp(client, gateway, ask(), () => calls.length === 1);
      expect(client.shown(error)).toMatchObject(client.left!);
      await until(() => requestsTo(gateway).length === 1 && calls.every(({ aborted }) => aborted));
      expect(requestsTo(gateway)).toMatchObject([{ status: 499 }]);
    }));

  test('costs nothing when it gives up and asks again while another waits for the same', () =>
    // Long enough for all of it, on a busy machine too.
    inFrontOf({ simulator: { latencyMs: [3000, 3000] } }, async (gateway) => {
      const question = ask();
      const { topN, ...body } = question;
      const other = gateway.rerank(body);
      await until(() => gateway.simulator.calls.length === 1);
      const both = async (): Promise<boolean> =>
        metric(await gateway.metrics(), 'gateway_requests_in_flight') === 2;
      expect(client.shown(await giveUp(client, gateway, question, both))).toMatchObject(client.left!);
      expect(await client.rank(setting(gateway), question)).toEqual(best(question));
      await (await other).text();
      expect(gateway.simulator.calls).toHaveLength(1);
    }));
};
