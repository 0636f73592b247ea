import { afterEach, describe, expect, test } from 'vitest';
import { COHERE, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { openRaw, requestHead } from '../support/raw-http.ts';
import { bodyOf, expectError, fresh, serverError } from './requests.ts';

let gateway: TestGateway;

afterEach(() => gateway.stop());

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

const isClosed = async (url: string): Promise<boolean> => {
  try {
    (await openRaw(url)).socket.destroy();
    return false;
  } catch {
    return true;
  }
};

describe('a drain', () => {
  test('lets a running call finish, and then waits for nothing', async () => {
    gateway = await startTestGateway({ drainMs: 20_000 });
    gateway.simulator.latency([200, 200]);
    const running = gateway.rerank(fresh());
    await until(() => gateway.simulator.calls.length === 1);
    const started = performance.now();
    const drained = gateway.gateway.drain();
    await bodyOf(await running);
    await drained;
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('tells whoever still waits at its end to come back, before the connection is cut', async () => {
    gateway = await startTestGateway({
      drainMs: 2500,
      env: { MODEL_LIMITS: `${COHERE}=1`, RATE_WINDOW_MS: '15000' },
    });
    await bodyOf(await gateway.rerank(fresh()));
    const queued = gateway.rerank(fresh());
    await until(async () => metric(await gateway.metrics(), 'gateway_queue_depth') === 1);
    const drained = gateway.gateway.drain();
    await expectError(await queued, serverError(503), gateway);
    await drained;
    expect(gateway.simulator.calls).toHaveLength(1);
  });

  test('is the same for everybody who asks for it', async () => {
    gateway = await startTestGateway();
    expect(gateway.gateway.drain()).toBe(gateway.gateway.drain());
    await gateway.gateway.drain();
  });

  test('does not wait for a connection that has never carried a request', async () => {
    gateway = await startTestGateway({ drainMs: 8000 });
    const silent = await openRaw(gateway.url);
    const started = performance.now();
    await gateway.gateway.drain();
    expect(performance.now() - started).toBeLessThan(4000);
    await silent.closed();
  });

  test('does not wait for connections kept alive after an answer', async () => {
    gateway = await startTestGateway({ drainMs: 20_000 });
    const raw = await openRaw(gateway.url);
    const body = JSON.stringify(fresh());
    await raw.write(
      requestHead({
        authorization: `Bearer ${KEYS.search}`,
        'content-length': String(Buffer.byteLength(body)),
      }) + body,
    );
    expect((await raw.answer()).status).toBe(200);
    const started = performance.now();
    await gateway.gateway.drain();
    expect(performance.now() - started).toBeLessThan(5000);
    await raw.closed();
  });

  test('is over when its time is, even with a caller who never finishes sending', async () => {
    gateway = await startTestGateway({ drainMs: 300 });
    const raw = await openRaw(gateway.url);
    await raw.write(requestHead({ authorization: `Bearer ${KEYS.search}`, 'content-length': '1000' }));
    await gateway.metrics();
    await gateway.gateway.drain();
    await raw.closed();
  });

  const headOf = (body: string): string =>
    requestHead({
      authorization: `Bearer ${KEYS.search}`,
      'content-length': String(Buffer.byteLength(body)),
    });

  test('serves what still comes over open connections, and tells to use them no more', async () => {
    gateway = await startTestGateway({ drainMs: 8000, idleMs: 1500 });
    const body = JSON.stringify(fresh());
    const [used, unused, half] = await Promise.all([1, 2, 3].map(() => openRaw(gateway.url)));
    await used!.write(headOf(body) + body);
    const before = await used!.answer();
    expect([before.status, before.headers.connection]).toEqual([200, 'keep-alive']);
    await half!.write(headOf(body).slice(0, 30));
    await gateway.metrics();

    const drained = gateway.gateway.drain();
    await until(() => isClosed(gateway.url));
    await half!.write(headOf(body).slice(30) + body);
    for (const raw of [used!, unused!]) await raw.write(headOf(body) + body);
    for (const raw of [used!, unused!, half!]) {
      const { status, headers } = await raw.answer();
      expect([status, headers.connection]).toEqual([200, 'close']);
      await raw.closed();
    }
    await drained;
  });

  test('tells so in the answer to what was under way before it, too', async () => {
    gateway = await startTestGateway({ drainMs: 8000 });
    gateway.simulator.latency([200, 200]);
    const body = JSON.stringify(fresh());
    const raw = await openRaw(gateway.url);
    await raw.write(headOf(body) + body);
    await until(() => gateway.simulator.calls.length === 1);
    const drained = gateway.gateway.drain();
    expect((await raw.answer()).headers.connection).toBe('close');
    await raw.closed();
    await drained;
  });

  test('answers requests that were sent one behind the other, all of them', async () => {
    gateway = await startTestGateway({ drainMs: 8000 });
    gateway.simulator.latency([200, 200]);
    const raw = await openRaw(gateway.url);
    const bodies = [1, 2, 3].map(() => JSON.stringify(fresh()));
    await raw.write(headOf(bodies[0]!) + bodies[0]!);
    await until(() => gateway.simulator.calls.length === 1);
    const drained = gateway.gateway.drain();
    await raw.write(
      bodies
        .slice(1)
        .map((body) => headOf(body) + body)
        .join(''),
    );
    const answers = [await raw.answer(), await raw.answer(), await raw.answer()];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.at(-1)!.headers.connection).toBe('close');
    await raw.closed();
    await drained;
  });

  test('refuses with 503 what comes when its time is all but over', async () => {
    // Of the last moments, a fiftieth of the whole, a test runner that maps stack traces takes a tenth of a second for itself.
    gateway = await startTestGateway({ drainMs: 15_000, idleMs: 60_000 });
    gateway.simulator.latency([60_000, 60_000]);
    const raw = await openRaw(gateway.url);
    const waiting = gateway.rerank(fresh());
    await until(() => gateway.simulator.calls.length === 1);
    const drained = gateway.gateway.drain();
    await expectError(await waiting, serverError(503), gateway);
    const body = JSON.stringify(fresh());
    await raw.write(headOf(body) + body);
    expect((await raw.answer()).status).toBe(503);
    await drained;
    expect(gateway.simulator.calls).toHaveLength(1);
  });

  test('serves connections that were made, but not yet accepted', async () => {
    gateway = await startTestGateway({ drainMs: 8000, idleMs: 1000 });
    const connections = Array.from({ length: 20 }, () => openRaw(gateway.url));
    // By now the system has made them; this process has yet to hear of it.
    await new Promise((resolve) => process.nextTick(resolve));
    const drained = gateway.gateway.drain();
    const body = JSON.stringify(fresh());
    for (const raw of await Promise.all(connections)) {
      await raw.write(headOf(body) + body);
      expect((await raw.answer()).status).toBe(200);
    }
    await drained;
  });

  test('keeps the port open at first where the platform looks, and says 503 there', async () => {
    gateway = await startTestGateway({ env: { DRAIN_DELAY_SECONDS: '1' } });
    const began = performance.now();
    const drained = gateway.gateway.drain();
    const ready = await fetch(`${gateway.url}/readyz`);
    expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close']);
    await bodyOf(await gateway.rerank(fresh()));
    await drained;
    // A timer may be a millisecond early.
    expect(performance.now() - began).toBeGreaterThan(998);
    expect(await isClosed(gateway.url)).toBe(true);
  });

  test('shows in /readyz, and not in /healthz, for who has a connection left', async () => {
    gateway = await startTestGateway({ drainMs: 5000 });
    const connections = await Promise.all([openRaw(gateway.url), openRaw(gateway.url)]);
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: gateway.test\r\n`;
    await connections[0].write(get('/readyz'));
    await connections[1].write(get('/healthz'));
    await gateway.metrics();
    const drained = gateway.gateway.drain();
    for (const raw of connections) await raw.write('\r\n');
    const ready = await connections[0].answer();
    expect([ready.status, JSON.parse(ready.body)]).toEqual([503, { status: 'draining' }]);
    expect(ready.headers['retry-after']).toMatch(/^\d+$/);
    expect((await connections[1].answer()).status).toBe(200);
    await drained;
  });
});
