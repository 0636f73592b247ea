/** The content firewall in front of the upstream, which answers a page to texts that look like attacks. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bodyOf, expectError, fresh, INVALID } from '../e2e/requests.ts';
import { until } from '../support/fakes.ts';
import { AMAZON, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const ATTACK = 'DOCTEXT open http://localhost:3000/ in a browser';
/** As many documents, of which the firewall refuses those at these places. */
const some = (count: number, ...refused: readonly number[]): string[] =>
  Array.from({ length: count }, (_, i) => (refused.includes(i) ? `${ATTACK} ${i}` : `DOCTEXT number ${i}`));

const gateways: TestGateway[] = [];
const start = async (env: Readonly<Record<string, string>> = {}): Promise<TestGateway> => {
  const gateway = await startTestGateway({ env: { VERIFY_RATE: '0', ...env } });
  gateways.push(gateway);
  return gateway;
};
afterEach(async () => {
  for (const gateway of gateways.splice(0).reverse()) await gateway.stop();
});

const callsDuring = async (gateway: TestGateway, run: () => Promise<unknown>): Promise<number> => {
  const before = gateway.simulator.calls.length;
  await run();
  return gateway.simulator.calls.length - before;
};

describe('a document that the firewall refuses', () => {
  test('is named, and the same request again costs no call to find it, nor do the others without it', async () => {
    const gateway = await start();
    const request = fresh({ documents: some(40, 17) });
    const calls = await callsDuring(gateway, async () => {
      const message = await expectError(await gateway.rerank(request), INVALID, gateway);
      expect(message).toContain('`documents[17]`');
    });
    expect(calls).toBeLessThanOrEqual(1 + 2 * 6);
    expect(
      await callsDuring(gateway, async () => {
        const again = await expectError(await gateway.rerank(request), INVALID, gateway);
        expect(again).toContain('`documents[17]`');
        const without = some(40, 17).filter((_, i) => i !== 17);
        const { results, meta } = await bodyOf(await gateway.rerank({ ...request, documents: without }));
        expect(results).toHaveLength(39);
        expect(meta.billed_units.search_units).toBe(0);
      }),
    ).toBe(0);
  });

  test('is named by its place in the caller’s own list, duplicates before it included', async () => {
    const gateway = await start();
    const documents = ['DOCTEXT a', 'DOCTEXT a', 'DOCTEXT a', ATTACK, 'DOCTEXT b', ATTACK];
    const message = await expectError(await gateway.rerank(fresh({ documents })), INVALID, gateway);
    expect(message).toContain('`documents[3]`');
  });

  test('is named among others that are refused, too', async () => {
    const gateway = await start();
    const answer = await gateway.rerank(fresh({ documents: some(30, 2, 11, 29) }));
    const message = await expectError(answer, INVALID, gateway);
    for (const place of [2, 11, 29]) expect(message).toContain(`\`documents[${place}]\``);
  });

  test.each([
    ['a page of markup', 'DOCTEXT <script>alert(1)</script>'],
    ['a way out of a folder', 'DOCTEXT ../../etc/passwd'],
    ['an address of a cloud’s own', 'DOCTEXT 169.254.169.254/latest/meta-data'],
    ['a script in a link', 'DOCTEXT javascript:void(0)'],
  ])('is named when it is %s', async (_, text) => {
    const gateway = await start();
    const answer = await gateway.rerank(fresh({ documents: ['DOCTEXT harmless', text] }));
    expect(await expectError(answer, INVALID, gateway)).toContain('`documents[1]`');
  });

  test('harms no other caller, nor says anything of the key or the attachment', async () => {
    const gateway = await start();
    gateway.simulator.latency([20, 60]);
    const query = 'QUERYTEXT shared by all';
    const poison = Array.from({ length: 6 }, (_, i) =>
      gateway.rerank({ ...fresh({ query }), documents: some(10, i) }),
    );
    const others = Array.from({ length: 6 }, (_, i) =>
      gateway.rerank(
        { ...fresh({ query }), documents: some(12).slice(i) },
        { headers: { authorization: `Bearer ${KEYS.chatbot}` } },
      ),
    );
    for (const answer of await Promise.all(others)) expect(answer.status).toBe(200);
    for (const [i, answer] of (await Promise.all(poison)).entries()) {
      expect(await expectError(answer, INVALID, gateway)).toContain(`\`documents[${i}]\``);
    }
    const metrics = await gateway.metrics();
    expect(metric(metrics, 'gateway_circuit_open')).toBe(0);
    expect(metric(metrics, 'gateway_firewall_refusals_total')).toBeGreaterThan(0);
    expect(metric(metrics, 'gateway_requests_total', { outcome: 'invalid', code: '400' })).toBe(6);
  });

  test('costs a crowd that sends the same at once no more calls than one', async () => {
    const gateway = await start();
    gateway.simulator.latency([10, 10]);
    const request = fresh({ documents: some(40, 17) });
    const calls = await callsDuring(gateway, async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.rerank(request)));
      for (const answer of answers) await expectError(answer, INVALID, gateway);
    });
    expect(calls).toBeLessThanOrEqual(1 + 2 * 6);
  });

  test('is not remembered for who wants no trace left', async () => {
    const gateway = await start();
    const request = fresh({ documents: ['DOCTEXT a', ATTACK] });
    const headers = { 'cache-control': 'no-store' };
    await expectError(await gateway.rerank(request, { headers }), INVALID, gateway);
    expect(
      await callsDuring(gateway, async () => {
        await expectError(await gateway.rerank(request, { headers }), INVALID, gateway);
      }),
    ).toBeGreaterThan(0);
  });
});

describe('a query that the firewall refuses', () => {
  test.each([1, 2, 40])('is named, not one of its %i documents, and remembered', async (count) => {
    const gateway = await start();
    const query = 'QUERYTEXT what does javascript:alert(1) do';
    const first = await callsDuring(gateway, async () => {
      const answer = await gateway.rerank(fresh({ query, documents: some(count) }));
      expect(await expectError(answer, INVALID, gateway)).toContain('`query`');
    });
    expect(first).toBeLessThanOrEqual(4);
    const again = await callsDuring(gateway, async () => {
      await expectError(await gateway.rerank(fresh({ query, documents: ['another'] })), INVALID, gateway);
    });
    expect(again).toBe(0);
  });
});

test('of a model that scores all documents together it is said that the document can’t be found out', async () => {
  const gateway = await start();
  const request = fresh({ model: AMAZON, documents: some(5, 3) });
  const calls = await callsDuring(gateway, async () => {
    const message = await expectError(await gateway.rerank(request), INVALID, gateway);
    expect(message).toContain('cannot be found out which');
    await expectError(await gateway.rerank(request), INVALID, gateway);
  });
  expect(calls).toBe(1);
});

test('a 403 in JSON is about the model, whatever its words', async () => {
  const gateway = await start();
  gateway.simulator.fault({ kind: 'status', status: 403, message: 'not this model' });
  const answer = await gateway.rerank(fresh());
  await expectError(answer, { status: 403, type: 'authorization_error' }, gateway);
});

describe('with UPSTREAM_FIREWALL=defang', () => {
  const defanging = () => start({ UPSTREAM_FIREWALL: 'defang' });

  test('a refused document is scored without its schemes and markup, and a warning says which', async () => {
    const gateway = await defanging();
    const documents = some(20, 4, 15);
    const request = fresh({ documents });
    const { results, meta } = await bodyOf(await gateway.rerank(request));
    expect(results).toHaveLength(20);
    expect(meta.warnings).toEqual([
      expect.stringContaining('documents[4]'),
      expect.stringContaining('documents[15]'),
    ]);
    const milder = documents.map((text) => text.replaceAll('http://', ' '));
    const plain = await bodyOf(await (await start()).rerank({ ...request, documents: milder }));
    expect(results).toEqual(plain.results);
    const calls = await callsDuring(gateway, async () => {
      const again = await bodyOf(await gateway.rerank(request));
      expect(again.results).toEqual(results);
      expect(again.meta.warnings).toEqual(meta.warnings);
      expect(again.meta.billed_units.search_units).toBe(0);
    });
    expect(calls).toBe(0);
  });

  test('a document whose milder form is another document of the request has that one’s score', async () => {
    const gateway = await defanging();
    const documents = ['DOCTEXT <iframe>', 'DOCTEXT', 'DOCTEXT other'];
    const { results, meta } = await bodyOf(await gateway.rerank(fresh({ documents })));
    const score = (index: number) => results.find((result) => result.index === index)?.relevance_score;
    expect(score(0)).toBe(score(1));
    expect(meta.warnings).toHaveLength(1);
  });

  test('a document of which nothing is left is named, and so is one that is refused all the same', async () => {
    const gateway = await defanging();
    for (const text of ['<script></script>', 'DOCTEXT 169.254.169.254/latest/meta-data']) {
      const answer = await gateway.rerank(fresh({ documents: ['DOCTEXT a', text] }));
      expect(await expectError(answer, INVALID, gateway)).toContain('`documents[1]`');
    }
  });

  test('of a model that scores all documents together, all that look like it are scored in their milder form', async () => {
    const gateway = await defanging();
    const { results, meta } = await bodyOf(
      await gateway.rerank(fresh({ model: AMAZON, documents: some(5, 3) })),
    );
    expect(results).toHaveLength(5);
    expect(meta.warnings).toEqual([expect.stringContaining('documents[3]')]);
  });

  test('the score of a milder form never answers for the text itself', async () => {
    const gateway = await defanging();
    const request = fresh({ documents: ['DOCTEXT a', ATTACK] });
    await bodyOf(await gateway.rerank(request));
    const { meta } = await bodyOf(await gateway.rerank({ ...request, documents: [ATTACK] }));
    expect(meta.warnings).toHaveLength(1);
  });
});

describe('two gateways that share a Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.kill());

  test('tell each other what is refused, so that the other one makes no call to find it', async () => {
    const here = await start({ REDIS_URL: redis.url });
    const there = await start({ REDIS_URL: redis.url, RERANK_URL: here.simulator.url });
    const request = fresh({ documents: some(10, 6) });
    await expectError(await here.rerank(request), INVALID, here);
    await until(async () => {
      const before = here.simulator.calls.length;
      const message = await expectError(await there.rerank(request), INVALID, here);
      expect(message).toContain('`documents[6]`');
      return here.simulator.calls.length === before;
    });
  });
});
