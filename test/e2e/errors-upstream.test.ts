import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/server.ts';
import { COHERE, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectError, fresh, INVALID, RATE_LIMITED, serverError } from './requests.ts';

let gateway: TestGateway;

// One for each test: what an upstream did wrong is remembered against it for a while.
beforeEach(async () => {
  gateway = await startTestGateway();
});
afterEach(() => gateway.stop());

/** More than any number of attempts. */
const ALWAYS = 100;

const failing = async (fault: Fault, headers: Record<string, string> = {}): Promise<Response> => {
  gateway.simulator.fault(fault, ALWAYS);
  return gateway.rerank(fresh(), { headers });
};

describe('the upstream refuses', () => {
  test('a request as invalid: its message is passed on', async () => {
    const answer = await failing({ kind: 'status', status: 400, message: 'query: too long for this model.' });
    expect(await expectError(answer, INVALID, gateway)).toBe('query: too long for this model.');
  });

  test('our key: a 502, since it is not the caller’s key that is wrong', async () => {
    const answer = await failing({ kind: 'status', status: 401, message: 'sk-live-1234 is not a key.' });
    expect(await expectError(answer, serverError(502), gateway)).not.toContain('sk-live');
  });

  test('a model: a 403', async () => {
    const answer = await failing({ kind: 'status', status: 403, message: 'account 42 may not.' });
    const message = await expectError(answer, { status: 403, type: 'authorization_error' }, gateway);
    expect(message).not.toContain('account');
  });

  test.each(['30', new Date(Date.now() + 40_000).toUTCString()])(
    'for its rate: a 429 that asks for no less patience than the upstream does',
    async (retryAfter) => {
      const answer = await failing({ kind: 'status', status: 429, retryAfter });
      const least = retryAfter === '30' ? 30 : 35;
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(least);
      await expectError(answer, RATE_LIMITED, gateway);
    },
  );

  test('for its rate, for longer than some clients read: a Retry-After below a minute', async () => {
    const answer = await failing({ kind: 'status', status: 429, retryAfter: '3600' });
    expect(answer.headers.get('retry-after')).toBe('59');
    await expectError(answer, RATE_LIMITED, gateway);
  });
});

describe('the upstream fails: a 502', () => {
  // Patience of a second, lest repeated attempts take long.
  const headers = { prefer: 'wait=1' };
  const garbage = (body: string, contentType = 'application/json'): Fault => ({
    kind: 'garbage',
    body,
    contentType,
  });
  const faults: readonly (readonly [string, Fault])[] = [
    ['with 500', { kind: 'status', status: 500, message: 'at /srv/secret/place.js:1' }],
    ['with 502', { kind: 'status', status: 502 }],
    ['with 503', { kind: 'status', status: 503 }],
    ['with 404', { kind: 'status', status: 404 }],
    ['with a redirect', { kind: 'status', status: 302 }],
    ['with a reset', { kind: 'reset' }],
    ['with a reset half-way', { kind: 'reset-midway' }],
    ['with an error page', { kind: 'garbage' }],
    ['with an empty body', garbage('')],
    ['with null', garbage('null')],
    ['with no results', garbage('{"results": null}')],
    ['with an endless answer', garbage(`"${'x'.repeat(3_000_000)}"`)],
    ['with results nested too deep', garbage(`{"results":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
    [
      'with too few results',
      { kind: 'wrong-answer', make: (answer) => ({ ...answer, results: answer.results.slice(1) }) },
    ],
    [
      'with a result twice',
      {
        kind: 'wrong-answer',
        make: (answer) => ({ ...answer, results: answer.results.map(() => answer.results[0]) }),
      },
    ],
    [
      'with an index of nowhere',
      {
        kind: 'wrong-answer',
        make: (answer) => ({
          ...answer,
          results: answer.results.map((result) => ({ ...result, index: result.index + 1 })),
        }),
      },
    ],
    [
      'with a score that is no number',
      {
        kind: 'wrong-answer',
        make: (answer) => ({
          ...answer,
          results: answer.results.map(({ index }) => ({ index, relevance_score: '0.5' })),
        }),
      },
    ],
  ];

  test.each(faults)('%s', async (_, fault) => {
    await expectError(await failing(fault, headers), serverError(502), gateway);
  });

  test('and nothing of it is kept: the same request is answered when the upstream is back', async () => {
    for (const [, fault] of faults) {
      const request = fresh();
      gateway.simulator.fault(fault, ALWAYS);
      expect((await gateway.rerank(request, { headers })).status).toBe(502);
      gateway.simulator.clearFaults();
      const answer = await gateway.rerank(request);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-status')).toBe('rerank-gateway; fwd=miss; stored');
    }
  });
});

describe('the upstream wants to be left alone for longer than the caller will wait: a 503', () => {
  test.each([
    ['40', 40],
    ['29.5', 30],
    ['3600', 59],
  ])('that says so, for Retry-After: %s', async (retryAfter, least) => {
    const answer = await failing({ kind: 'status', status: 503, retryAfter });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(least);
    await expectError(answer, serverError(503), gateway);
  });

  test('but one that will be back in time is waited for', async () => {
    gateway.simulator.fault({ kind: 'status', status: 503, retryAfter: '0.2' });
    expect((await gateway.rerank(fresh())).status).toBe(200);
  });
});

/** The log line of a request that failed. */
const lineOf = async (fault: Fault): Promise<Record<string, unknown>> => {
  const answer = await failing(fault, { prefer: 'wait=1' });
  const id = answer.headers.get('x-request-id')!;
  await answer.text();
  return JSON.parse(gateway.log.find((line) => line.includes(id))!) as Record<string, unknown>;
};

describe('the log line of a failed request says what went wrong upstream, as an error', () => {
  test('by the status that the attachment answered, how often, and how long that took', async () => {
    const line = await lineOf({ kind: 'status', status: 500, message: 'DOCTEXT QUERYTEXT' });
    expect(line).toMatchObject({ level: 'error', attachment: 'RERANK', upstreamStatus: 500 });
    expect(line.attempts).toBeGreaterThanOrEqual(1);
    expect(line.upstreamMs).toBeGreaterThan(0);
    expect(line.queueMs).toBeGreaterThanOrEqual(0);
    expect(JSON.stringify(line)).not.toMatch(/DOCTEXT|QUERYTEXT/);
  });

  test('by the name of what broke on the wire', async () => {
    expect(await lineOf({ kind: 'reset' })).toMatchObject({
      level: 'error',
      error: 'upstream_failed',
      cause: 'The upstream failed.',
      upstreamCode: expect.stringMatching(/^(UND_ERR_SOCKET|ECONNRESET)$/),
    });
  });

  test('but what is the caller’s fault is no error of ours', async () => {
    const line = await lineOf({ kind: 'status', status: 422, message: 'no' });
    expect(line).toMatchObject({ level: 'info', status: 422, upstreamStatus: 422 });
  });
});

describe('the upstream is silent: a 504', () => {
  const headers = { prefer: 'wait=1' };

  test.each<Fault>([{ kind: 'hang' }, { kind: 'slow-body', bytesPerSecond: 20 }])(
    'as soon as the caller’s patience is over, and the call is given up ($kind)',
    async (fault) => {
      const started = performance.now();
      await expectError(await failing(fault, headers), serverError(504), gateway);
      const ms = performance.now() - started;
      expect(ms).toBeGreaterThan(900);
      // Far below the 25 s of one without a preference.
      expect(ms).toBeLessThan(8000);
      const call = gateway.simulator.calls.at(-1)!;
      while (!call.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  );
});

test('only-if-cached of what nobody has asked is a 504, and no call is made', async () => {
  const calls = gateway.simulator.calls.length;
  const answer = await gateway.rerank(fresh(), { headers: { 'cache-control': 'only-if-cached' } });
  await expectError(answer, serverError(504), gateway);
  expect(gateway.simulator.calls).toHaveLength(calls);
});

test('an upstream that is not there is a 502', async () => {
  const alone = await startTestGateway({ env: { RERANK_URL: 'http://127.0.0.1:1/base' } });
  try {
    const answer = await alone.rerank(fresh(), { headers: { prefer: 'wait=2' } });
    expect(await expectError(answer, serverError(502), alone)).not.toMatch(/127|base|refused/i);
    const text = await alone.metrics();
    expect(metric(text, 'gateway_requests_total', { model: COHERE, outcome: 'error', code: '502' })).toBe(1);
  } finally {
    await alone.stop();
  }
});
