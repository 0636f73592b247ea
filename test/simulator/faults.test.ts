import { describe, expect, test } from 'vitest';
import type { RerankAnswer } from '../../src/simulator/server.ts';
import { BODY, COHERE, KEY, rerank, simulate, until } from './harness.ts';

const post = (url: string, init: RequestInit = {}) =>
  fetch(`${url}/v1/rerank`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
    body: JSON.stringify(BODY),
    ...init,
  });

/** The code of the socket error behind a failed fetch. */
const codeOf = (failed: Promise<unknown>) =>
  failed.then(
    () => 'no failure',
    (thrown: Error) => (thrown.cause as { code?: string } | undefined)?.code,
  );

describe('which calls get a fault', () => {
  test('as many as asked for, in the order asked for, then answers are normal again', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'status', status: 500 }, 2);
    simulator.fault({ kind: 'status', status: 503 });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await rerank(simulator)).status);
    expect(statuses).toEqual([500, 500, 503, 200]);
  });

  test('calls without a valid key or body use none up', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'status', status: 500 });
    expect((await rerank(simulator, BODY, { authorization: null })).status).toBe(401);
    expect((await rerank(simulator, { ...BODY, query: '' })).status).toBe(400);
    expect((await rerank(simulator)).status).toBe(500);
  });

  test('cleared faults reach nobody', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'reset' }, 5);
    simulator.clearFaults();
    expect((await rerank(simulator)).status).toBe(200);
  });

  test('a faulty call counts in the window, a 429 does not', async () => {
    const simulator = await simulate({ limits: { [COHERE]: 2 } });
    simulator.fault({ kind: 'status', status: 429 });
    simulator.fault({ kind: 'status', status: 500 });
    const remaining = [];
    for (let i = 0; i < 3; i++) {
      remaining.push((await rerank(simulator)).headers.get('x-ratelimit-remaining-requests'));
    }
    expect(remaining).toEqual(['2', '1', '0']);
  });

  test('a fault wins over a full window', async () => {
    const simulator = await simulate({ limits: { [COHERE]: 0 } });
    simulator.fault({ kind: 'status', status: 502 });
    expect((await rerank(simulator)).status).toBe(502);
    expect((await rerank(simulator)).status).toBe(429);
  });
});

describe('faults by content', () => {
  const asking = (query: string) => ({ ...BODY, query });

  test('meet every call that the predicate is true of, and no other, until they are cleared', async () => {
    const simulator = await simulate();
    simulator.faultWhen(({ query }) => query === 'poison', { kind: 'status', status: 500 });
    const statuses = async () => {
      const answers = [];
      for (const query of ['poison', 'harmless', 'poison']) {
        answers.push((await rerank(simulator, asking(query))).status);
      }
      return answers;
    };
    expect(await statuses()).toEqual([500, 200, 500]);
    simulator.clearFaults();
    expect(await statuses()).toEqual([200, 200, 200]);
  });

  test('one can be taken back alone, and of two the first wins', async () => {
    const simulator = await simulate();
    const takeBack = simulator.faultWhen(() => true, { kind: 'status', status: 500 });
    simulator.faultWhen(({ documents }) => documents.length > 2, { kind: 'status', status: 413 });
    expect((await rerank(simulator)).status).toBe(500);
    takeBack();
    expect((await rerank(simulator)).status).toBe(413);
    expect((await rerank(simulator, { ...BODY, documents: ['one'] })).status).toBe(200);
  });

  test('use up none of the counted faults', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'status', status: 502 });
    simulator.faultWhen(({ query }) => query === 'poison', { kind: 'status', status: 500 });
    expect((await rerank(simulator, asking('poison'))).status).toBe(500);
    expect((await rerank(simulator)).status).toBe(502);
  });
});

describe('status', () => {
  test('a page comes as HTML, as from what stands in front of Heroku', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'status', status: 403, page: '<html>Request blocked.</html>' });
    const response = await post(simulator.url);
    expect([response.status, response.headers.get('content-type')]).toEqual([403, 'text/html']);
    expect(await response.text()).toBe('<html>Request blocked.</html>');
  });

  test.each([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'authorization_error'],
    [429, 'rate_limit_error'],
    [529, 'server_error'],
  ])('%i comes with the type %s and the message asked for', async (status, type) => {
    const simulator = await simulate();
    simulator.fault({ kind: 'status', status, message: 'busy' });
    const answer = await rerank(simulator);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error: { code: status, message: 'busy', type } });
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(simulator.calls[0]!.status).toBe(status);
  });

  test.each(['7', 'Fri, 31 Dec 1999 23:59:59 GMT', 'soon'])(
    'Retry-After: %s is sent as it is',
    async (retryAfter) => {
      const simulator = await simulate();
      simulator.fault({ kind: 'status', status: 429, retryAfter });
      expect((await rerank(simulator)).headers.get('retry-after')).toBe(retryAfter);
    },
  );
});

describe('broken connections', () => {
  test('hang sends nothing until the caller leaves', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'hang' });
    const leaving = new AbortController();
    const failed = rerank(simulator, BODY, { signal: leaving.signal }).catch((thrown: Error) => thrown.name);
    await until(() => simulator.calls[0]?.body !== undefined);
    expect(simulator.calls[0]).toMatchObject({ status: undefined, aborted: false });
    expect(simulator.calls[0]!.finishedAt).toBeUndefined();
    leaving.abort();
    expect(await failed).toBe('AbortError');
    await until(() => simulator.calls[0]!.aborted);
    expect(simulator.calls[0]!.status).toBeUndefined();
    expect(simulator.calls[0]!.finishedAt).toBeGreaterThanOrEqual(simulator.calls[0]!.at);
  });

  test('reset cuts the connection before an answer, and the caller is not to blame', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'reset' });
    expect(await codeOf(post(simulator.url))).toBe('ECONNRESET');
    await until(() => simulator.calls[0]!.finishedAt !== undefined);
    expect(simulator.calls[0]).toMatchObject({ status: undefined, aborted: false });
    expect((await rerank(simulator)).status).toBe(200);
  });

  test('reset-midway sends headers and half the body, then cuts', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'reset-midway' });
    const response = await post(simulator.url);
    expect(response.status).toBe(200);
    const whole = Number(response.headers.get('content-length'));
    let received = 0;
    const reading = (async () => {
      for await (const chunk of response.body!) received += chunk.length;
    })();
    await expect(reading).rejects.toThrow();
    expect(received).toBe(whole >> 1);
    await until(() => simulator.calls[0]!.finishedAt !== undefined);
    expect(simulator.calls[0]).toMatchObject({ status: undefined, aborted: false });
  });
});

describe('wrong bodies', () => {
  test('garbage is a 200 with a page, or with whatever was asked for', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'garbage' });
    simulator.fault({ kind: 'garbage', body: '{"results": [', contentType: 'application/json' });
    const page = await post(simulator.url);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html']);
    expect(await page.text()).toContain('<html>');
    const cutOff = await post(simulator.url);
    expect([cutOff.status, cutOff.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await cutOff.text()).toBe('{"results": [');
  });

  test('wrong-answer sends the normal answer as the test changed it', async () => {
    const simulator = await simulate();
    const make = (answer: RerankAnswer) => ({
      ...answer,
      results: [...answer.results.slice(1), { index: 99, relevance_score: Number.NaN }],
    });
    simulator.fault({ kind: 'wrong-answer', make });
    const { status, body } = await rerank(simulator);
    expect(status).toBe(200);
    expect(body.results).toHaveLength(3);
    expect(body.results.at(-1)).toEqual({ index: 99, relevance_score: null });
    expect(body.meta.billed_units.search_units).toBe(1);
  });

  test('a change that throws is a 500 and a log line, not a hanging call', async () => {
    const lines: string[] = [];
    const simulator = await simulate({ onLog: (line) => lines.push(line) });
    const make = () => {
      throw new TypeError('a mistake in the test');
    };
    simulator.fault({ kind: 'wrong-answer', make });
    expect((await rerank(simulator)).status).toBe(500);
    expect(simulator.calls[0]!.status).toBe(500);
    expect(lines.at(-1)).toContain('TypeError');
  });
});

describe('slow-body', () => {
  test('the whole answer arrives in pieces, not before its time', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'slow-body', bytesPerSecond: 3000 });
    const start = performance.now();
    const response = await post(simulator.url);
    let text = '';
    let pieces = 0;
    for await (const chunk of response.body!) {
      pieces += 1;
      text += new TextDecoder().decode(chunk);
    }
    expect(pieces).toBeGreaterThan(1);
    expect(performance.now() - start).toBeGreaterThanOrEqual((text.length / 3000) * 1000 - 5);
    expect(JSON.parse(text).results).toHaveLength(3);
    expect(simulator.calls[0]).toMatchObject({ status: 200, aborted: false });
  });

  test('a caller may leave in the middle', async () => {
    const simulator = await simulate();
    simulator.fault({ kind: 'slow-body', bytesPerSecond: 1 });
    const leaving = new AbortController();
    const response = await post(simulator.url, { signal: leaving.signal });
    expect(response.status).toBe(200);
    expect(simulator.calls[0]!.status).toBeUndefined();
    leaving.abort();
    await expect(response.text()).rejects.toThrow();
    await until(() => simulator.calls[0]!.aborted);
    expect(simulator.calls[0]!.status).toBeUndefined();
  });
});
