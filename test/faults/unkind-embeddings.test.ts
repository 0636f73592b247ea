/** A whole gateway in front of an upstream of embeddings of which a tenth of all answers go wrong. */

import { afterEach, describe, expect, test } from 'vitest';
import { PROFILE_NAMES, type Profile } from '../../src/simulator/unkind.ts';
import { freshTexts, upstreamVector } from '../e2e/embedding.ts';
import { EMBED, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';

const REQUESTS = 120;

let gateway: TestGateway;
afterEach(() => gateway.stop());

describe('every text gets its own vector, or its request is refused in the words of the table, in front of an upstream of', () => {
  test.each(PROFILE_NAMES)('%s', async (name) => {
    gateway = await startTestGateway({
      env: { VERIFY_RATE: '0', MAX_WAIT_MS: '4000', MAX_QUEUE: '50' },
      simulator: { unkind: name as Profile, seed: 7 },
    });
    let answered = 0;
    const ask = async (_: unknown, i: number): Promise<void> => {
      const texts = freshTexts(1 + (i % 5));
      const response = await gateway.embed({ model: EMBED, input: texts, encoding_format: 'base64' });
      const body = (await response.json()) as {
        data?: { index: number; embedding: string }[];
        error?: { code: number };
      };
      if (response.status === 200) {
        answered++;
        expect(body.data!.map(({ index, embedding }) => [index, embedding])).toEqual(
          texts.map((text, index) => [index, upstreamVector(text)]),
        );
      } else {
        expect([429, 502, 503, 504]).toContain(response.status);
        expect(body.error?.code).toBe(response.status);
      }
    };
    for (let i = 0; i < REQUESTS; i += 20) await Promise.all(Array.from({ length: 20 }, ask));
    // Nearly all attempts that are made again succeed, unless it wants to be left alone.
    expect(answered).toBeGreaterThan(name === 'throttle' || name === 'all' ? 0 : REQUESTS / 2);
    const metrics = await gateway.metrics();
    expect(metric(metrics, 'gateway_requests_total')).toBe(REQUESTS);
    expect(metric(metrics, 'gateway_requests_total', { outcome: 'error', code: '500' })).toBe(0);
  });
});
