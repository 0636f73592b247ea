import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tokensOf } from '../../src/simulator/embeddings/answer.ts';
import { bodyOf, inputsOf, upstreamVector } from '../e2e/embedding.ts';
import { EMBED, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

/** More than the property can use up; it is not about limits. */
const LIMITS = { [EMBED]: 100_000 };

let redis: TestRedis;
let one: TestGateway;
let two: TestGateway;

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
};

beforeAll(async () => {
  redis = await startRedis();
  const env = { REDIS_URL: redis.url, VERIFY_RATE: '0', MODEL_LIMITS: `${EMBED}=100000` };
  one = await startTestGateway({ env: { ...env, DYNO: 'web.1' }, simulator: { limits: LIMITS } });
  two = await startTestGateway({ env: { ...env, DYNO: 'web.2', RERANK_URL: one.simulator.url } });
  await until(async () => metric(await one.metrics(), 'gateway_redis_up') === 2);
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await redis.kill();
});

let runs = 0;

/** Places in a pool of texts, some of which stand in several requests, or twice in one. */
const places = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 12 }) },
  // More than a call takes.
  { weight: 1, arbitrary: fc.array(fc.nat({ max: 300 }), { minLength: 90, maxLength: 200 }) },
);

const request = fc.record({
  places,
  asString: fc.boolean(),
  inputType: fc.constantFrom('search_document', 'search_query'),
  encoding: fc.constantFrom('float', 'base64', 'raw', undefined),
  elsewhere: fc.boolean(),
});

/** Requests that are under way at the same time, and the calls of theirs that fail at first. */
const rounds = fc.array(
  fc.record({ requests: fc.array(request, { minLength: 1, maxLength: 6 }), failures: fc.nat({ max: 1 }) }),
  { minLength: 1, maxLength: 3 },
);

const bytesOf = (embedding: number[] | string): string =>
  typeof embedding === 'string'
    ? embedding
    : Buffer.from(Float32Array.from(embedding).buffer).toString('base64');

test('each vector is the upstream’s own, each index is right, and usages add up to what was billed', async () => {
  const { simulator } = one;
  await fc.assert(
    fc.asyncProperty(rounds, async (all) => {
      // Never the same twice, not even while a counterexample is made smaller.
      const run = ++runs;
      const textAt = (place: number): string => `text ${place} of ${run}, about ${'wing '.repeat(place % 7)}`;
      simulator.reset();
      let used = 0;
      for (const { requests, failures } of all) {
        simulator.fault({ kind: 'status', status: 500 }, failures);
        await Promise.all(
          requests.map(async ({ places, asString, inputType, encoding, elsewhere }) => {
            const texts = places.map(textAt);
            const response = await (elsewhere ? two : one).embed({
              model: EMBED,
              input: asString && texts.length === 1 ? texts[0] : texts,
              input_type: inputType,
              encoding_format: encoding,
            });
            const { data, usage } = await bodyOf(response);
            expect(data.map(({ index }) => index)).toEqual([...texts.keys()]);
            expect(data.map(({ embedding }) => bytesOf(embedding))).toEqual(
              texts.map((text) => upstreamVector(text, inputType)),
            );
            used += usage.total_tokens;
          }),
        );
        simulator.clearFaults();
      }
      const answered = simulator.calls.filter(({ status }) => status === 200);
      const billed = answered.map(({ body }) => tokensOf(body as { input: string[] }));
      expect(used).toBe(billed.reduce((sum, tokens) => sum + tokens, 0));
      const sent = inputsOf({ calls: answered });
      expect(sent.every(({ length }) => length >= 1 && length <= 96)).toBe(true);
      // Of each type, each text once, wherever and however often it was asked for.
      const types = answered.map(({ body }) => (body as { input_type: string }).input_type);
      const named = sent.flatMap((texts, i) => texts.map((text) => `${types[i]} ${text}`));
      expect(new Set(named).size).toBe(named.length);
    }),
    { numRuns: 15, endOnFailure: true },
  );
});
