/** What every case of every client begins with: a question nobody has asked, and a gateway of its own. */

import { lexicalScores } from '../../src/simulator/lexical.ts';
import { fresh } from '../e2e/requests.ts';
import { until } from '../support/fakes.ts';
import {
  COHERE,
  KEYS,
  metric,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts';
import type { Question, Ranked, Setting } from './client.ts';
import { shutGate } from './gate.ts';

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

/** Gives a case a gateway, and stops it whatever comes of it. */
export const inFrontOf = async (
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

/** As `inFrontOf`, with an upstream that cannot be reached until the gate is opened. */
export const behindGate = async (
  act: (gateway: TestGateway, openGate: () => void) => Promise<void>,
): Promise<void> => {
  await using gate = await shutGate();
  await inFrontOf({ env: { RERANK_URL: gate.url } }, (gateway) =>
    act(gateway, () => gate.open(gateway.simulator.url)),
  );
};

export const setting = ({ url }: TestGateway, over: Partial<Setting> = {}): Setting => ({
  url,
  key: KEYS.search,
  retries: true,
  ...over,
});

export const errorOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => 'no error',
    (error: unknown) => error,
  );

/** The status of every request that the gateway has answered, or was left alone with, in order. */
export const statusesOf = ({ log }: TestGateway): number[] =>
  log
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'request')
    .map(({ status }) => status);

export const areInFlight = (gateway: TestGateway, count: number): Promise<void> =>
  until(async () => metric(await gateway.metrics(), 'gateway_requests_in_flight') === count);
