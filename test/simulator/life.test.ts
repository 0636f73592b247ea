import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { AMAZON, BODY, COHERE_ONLY, KEY, rerank, simulate, until } from './harness.ts';

test('the log holds each call of the route with key, model, body, headers and status, in order of arrival', async () => {
  const simulator = await simulate();
  await rerank(simulator, BODY, { authorization: null });
  await rerank(simulator, { ...BODY, model: AMAZON }, { authorization: `Bearer ${COHERE_ONLY}` });
  await rerank(simulator, '{');
  await rerank(simulator);
  const seen = simulator.calls.map(({ key, model, status, body }) => ({ key, model, status, body }));
  expect(seen).toEqual([
    { key: '', model: BODY.model, status: 401, body: BODY },
    { key: COHERE_ONLY, model: AMAZON, status: 403, body: { ...BODY, model: AMAZON } },
    { key: KEY, model: undefined, status: 400, body: undefined },
    { key: KEY, model: BODY.model, status: 200, body: BODY },
  ]);
  const times = simulator.calls.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  for (const { at, finishedAt, aborted, headers } of simulator.calls) {
    expect(finishedAt).toBeGreaterThanOrEqual(at);
    expect(aborted).toBe(false);
    expect(headers['content-type']).toBe('application/json');
  }
});

test('latency passes before an answer, and can be changed', async () => {
  const simulator = await simulate({ latencyMs: [30, 40] });
  await rerank(simulator);
  simulator.latency([0, 0]);
  await rerank(simulator);
  const [slow, fast] = simulator.calls.map(({ at, finishedAt }) => finishedAt! - at);
  // Timers may fire up to a millisecond early.
  expect(slow).toBeGreaterThanOrEqual(29);
  expect(fast).toBeGreaterThanOrEqual(0);
  expect(() => simulator.latency([2, 1])).toThrow(RangeError);
});

test('a caller that leaves during the latency is seen to leave', async () => {
  const simulator = await simulate({ latencyMs: [60_000, 60_000] });
  let asked = 0;
  simulator.fault({ kind: 'wrong-answer', make: () => ++asked });
  const leaving = new AbortController();
  const failed = rerank(simulator, BODY, { signal: leaving.signal }).catch((thrown: Error) => thrown.name);
  await until(() => simulator.calls[0]?.body !== undefined);
  leaving.abort();
  expect(await failed).toBe('AbortError');
  await until(() => simulator.calls[0]!.aborted);
  expect(simulator.calls[0]!.status).toBeUndefined();
  // Nobody works for a caller that left.
  await rerank(simulator, '{');
  expect(asked).toBe(0);
});

test('a caller that leaves while sending its body is seen to leave', async () => {
  const lines: string[] = [];
  const simulator = await simulate({ onLog: (line) => lines.push(line) });
  const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1');
  socket.write('POST /v1/rerank HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{"model"');
  await until(() => simulator.calls.length === 1);
  socket.destroy();
  await until(() => simulator.calls[0]!.aborted);
  expect(simulator.calls[0]).toMatchObject({ status: undefined, body: undefined, model: undefined });
  expect(lines).toHaveLength(1);
  expect((await rerank(simulator)).status).toBe(200);
});

test('close ends hanging, slow and waiting calls, and can be repeated', async () => {
  const simulator = await simulate();
  simulator.fault({ kind: 'hang' });
  simulator.fault({ kind: 'slow-body', bytesPerSecond: 1 });
  const outcomes: Promise<string>[] = [];
  for (let i = 0; i < 3; i++) {
    if (i === 2) simulator.latency([60_000, 60_000]);
    outcomes.push(
      rerank(simulator).then(
        () => 'answered',
        () => 'cut',
      ),
    );
    await until(() => simulator.calls[i]?.body !== undefined);
  }
  await simulator.close();
  await simulator.close();
  expect(await Promise.all(outcomes)).toEqual(['cut', 'cut', 'cut']);
  // The second had been answered in part, none in full; and it was not the callers who left.
  for (const call of simulator.calls) {
    expect(call).toMatchObject({ status: undefined, aborted: false, finishedAt: expect.any(Number) });
  }
  await expect(fetch(simulator.url)).rejects.toThrow();
});

test('a process that closes its simulator ends by itself, although calls were open', async () => {
  const script = fileURLToPath(new URL('closing-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: 'ignore', timeout: 25_000 });
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a large answer that its caller leaves unread was not sent', async () => {
  const simulator = await simulate();
  simulator.fault({ kind: 'garbage', body: 'x'.repeat(50_000_000) });
  const leaving = new AbortController();
  const response = await fetch(`${simulator.url}/v1/rerank`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
    body: JSON.stringify(BODY),
    signal: leaving.signal,
  });
  expect(response.status).toBe(200);
  leaving.abort();
  await until(() => simulator.calls[0]!.aborted);
  expect(simulator.calls[0]!.status).toBeUndefined();
});

test('a port that is taken is refused at start', async () => {
  const { url } = await simulate();
  await expect(simulate({ port: Number(new URL(url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('the log says that scores are lexical, and never holds a key, a query or a document', async () => {
  const lines: string[] = [];
  const simulator = await simulate({ onLog: (line) => lines.push(line) });
  await rerank(simulator);
  await rerank(simulator, { ...BODY, top_n: 9 });
  expect(lines[0]).toContain('lexical');
  expect(lines[0]).toContain(simulator.url);
  for (const secret of [KEY, BODY.query, ...BODY.documents]) expect(lines.join()).not.toContain(secret);
});
