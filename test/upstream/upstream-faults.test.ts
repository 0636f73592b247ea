import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { ERRORS, type ErrorKind, RerankError } from '../../src/calls/errors.ts';
import type { Fault, RerankAnswer } from '../../src/simulator/server.ts';
import { failure, until } from '../support/fakes.ts';
import { type Connected, closing, connect, connectTo, KEY, slotted } from './upstreams.ts';

/** The error, once it is sure that nothing about it says where the upstream is or what the key is. */
const discreet = (error: RerankError, { simulator }: Pick<Connected, 'simulator'>): RerankError => {
  const { host, port } = new URL(simulator.url);
  // Neither the error nor what it holds, be it for a log.
  const told = [String(error), JSON.stringify(error), inspect(error, { depth: 10, showHidden: true })].join();
  const forbidden = [host, `:${port}`, port, KEY, '127.0.0.1'];
  expect(error.message).not.toMatch(/[A-Z]{4}/);
  expect(forbidden.filter((words) => told.includes(words))).toEqual([]);
  return error;
};

const status = (code: number, more: { message?: string; retryAfter?: string } = {}): Fault => ({
  kind: 'status',
  status: code,
  ...more,
});
const changed = (make: (answer: RerankAnswer) => unknown): Fault => ({ kind: 'wrong-answer', make });

describe('what goes wrong upstream becomes an error of the table:', () => {
  test.each<[string, Fault, ErrorKind, upstreamStatus: number | undefined]>([
    ['a 400', status(400), 'upstream_invalid', 400],
    ['a 401', status(401), 'upstream_refused_key', 401],
    ['a 403', status(403), 'upstream_forbidden', 403],
    ['a 404', status(404), 'upstream_failed', 404],
    ['a 429', status(429), 'upstream_throttled', 429],
    ['a 500', status(500), 'upstream_failed', 500],
    ['a 502', status(502), 'upstream_failed', 502],
    ['a 503', status(503), 'upstream_failed', 503],
    ['a 503 that says when to come back', status(503, { retryAfter: '9' }), 'upstream_unavailable', 503],
    ['a 504', status(504), 'upstream_failed', 504],
    ['a reset before an answer', { kind: 'reset' }, 'upstream_failed', undefined],
    ['a reset in the middle of one', { kind: 'reset-midway' }, 'upstream_failed', undefined],
    ['an error page with status 200', { kind: 'garbage' }, 'upstream_garbage', 200],
    ['an empty 200', { kind: 'garbage', body: '' }, 'upstream_garbage', 200],
    ['a result too few', changed(({ results }) => ({ results: results.slice(1) })), 'upstream_garbage', 200],
    [
      'a result twice',
      changed(({ results: [first] }) => ({ results: [first, first, first] })),
      'upstream_garbage',
      200,
    ],
    ['no results', changed(() => ({ results: [] })), 'upstream_garbage', 200],
  ])('%s', async (_, fault, kind, upstreamStatus) => {
    const connected = await connect();
    connected.simulator.fault(fault);
    const error = discreet(await failure(connected.scorer.answer(slotted())), connected);
    expect(error).toMatchObject({ kind, upstreamStatus });
    if (kind !== 'upstream_invalid') expect(error.message).toBe(ERRORS[kind].message);

    // The next call is none the worse for it.
    expect((await connected.scorer.answer(slotted())).values).toHaveLength(3);
  });

  test('an answer much larger than any ranking', async () => {
    const connected = await connect();
    connected.simulator.fault({ kind: 'garbage', body: ' '.repeat(3_000_000) });
    expect((await failure(connected.scorer.answer(slotted()))).kind).toBe('upstream_garbage');
  });

  test('nobody there, and a place is used up all the same', async () => {
    const connected = await connect();
    await connected.simulator.close();
    const onSend = vi.fn();
    const error = discreet(await failure(connected.scorer.answer({ ...slotted(), onSend })), connected);
    expect(error).toMatchObject({ kind: 'upstream_unreachable', upstreamStatus: undefined });
    expect(onSend).toHaveBeenCalledTimes(1);
  });

  test('a key that the upstream does not know', async () => {
    const connected = await connect({ key: 'a-wrong-key-SECRET-3' });
    const error = discreet(await failure(connected.scorer.answer(slotted())), connected);
    expect(error).toMatchObject({ kind: 'upstream_refused_key', upstreamStatus: 401 });
    expect(inspect(error)).not.toContain('a-wrong-key-SECRET-3');
  });

  test('a key for another model', async () => {
    const connected = await connect({ key: 'amazon-only-SECRET-2' });
    expect(discreet(await failure(connected.scorer.answer(slotted())), connected).kind).toBe(
      'upstream_forbidden',
    );
  });

  test('a limit that is used up', async () => {
    const connected = await connect({ simulator: { limits: { 'cohere-rerank-3-5': 1 } } });
    await connected.scorer.answer(slotted());
    const error = discreet(await failure(connected.scorer.answer(slotted())), connected);
    expect(error).toMatchObject({ kind: 'upstream_throttled', retryAfterMs: undefined });
  });
});

describe('what the upstream says', () => {
  test('about an invalid request is passed on', async () => {
    const { scorer, simulator } = await connect();
    simulator.fault(status(400, { message: 'documents: the 3rd is too long.' }));
    expect((await failure(scorer.answer(slotted()))).message).toBe('documents: the 3rd is too long.');
  });

  test('about its own troubles is not', async () => {
    const { scorer, simulator } = await connect();
    for (const code of [401, 403, 429, 500]) {
      simulator.fault(status(code, { message: 'INTERNALS of a host' }));
      expect((await failure(scorer.answer(slotted()))).message).not.toContain('INTERNALS');
    }
  });

  test('about when to come back is noted', async () => {
    const { scorer, simulator } = await connect();
    simulator.fault(status(429, { retryAfter: '17' }));
    expect((await failure(scorer.answer(slotted()))).retryAfterMs).toBe(17_000);
  });
});

describe('a signal', () => {
  const reason = new RerankError('client_gone');

  test.each<[string, Fault]>([
    ['an answer that does not come', { kind: 'hang' }],
    ['an answer that does not end', { kind: 'slow-body', bytesPerSecond: 1 }],
  ])('ends the wait for %s, and the upstream notices', async (_, fault) => {
    const { scorer, simulator } = await connect();
    simulator.fault(fault);
    const controller = new AbortController();
    const answer = failure(scorer.answer(slotted({ terms: { signal: controller.signal } })));
    await until(() => simulator.calls[0]?.body !== undefined);
    controller.abort(reason);
    expect(await answer).toBe(reason);
    await until(() => simulator.calls[0]!.aborted);
  });

  test('that is aborted already lets no call be made, and none is said to be', async () => {
    const { scorer, simulator } = await connect();
    const terms = { signal: AbortSignal.abort(reason) };
    const onSend = (): void => expect.unreachable('nothing is sent');
    expect(await failure(scorer.answer({ ...slotted({ terms }), onSend }))).toBe(reason);
    await scorer.answer(slotted());
    expect(simulator.calls).toHaveLength(1);
  });
});

test('a caller that leaves while the connection is being made has cost nothing', async () => {
  // Takes connections in, and never greets: the way to it is there, and no request can be written.
  const greeter = createServer();
  await new Promise<void>((resolve) => greeter.listen(0, '127.0.0.1', resolve));
  closing(async () => greeter.close());
  const { port } = greeter.address() as AddressInfo;
  let connections = 0;
  greeter.on('connection', (socket) => {
    connections++;
    closing(async () => socket.destroy());
  });
  const scorer = connectTo(`https://127.0.0.1:${port}`);
  const leaver = new AbortController();
  const onSend = (): void => expect.unreachable('nothing is sent');
  const answer = failure(scorer.answer({ ...slotted({ terms: { signal: leaver.signal } }), onSend }));
  await until(() => connections > 0);
  const reason = new RerankError('client_gone');
  leaver.abort(reason);
  expect(await answer).toBe(reason);
});

test('an upstream that says nothing for too long fails as a deadline does', async () => {
  const connected = await connect({ timeoutMs: 50 });
  connected.simulator.fault({ kind: 'hang' });
  const error = discreet(await failure(connected.scorer.answer(slotted())), connected);
  expect(error).toMatchObject({ kind: 'deadline', upstreamStatus: undefined });
});
