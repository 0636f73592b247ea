/** The upstream layer in front of an upstream as the world has them. */

import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import { toRerankError } from '../../src/calls/errors.ts';
import type { Fault } from '../../src/simulator/server.ts';
import { faultsOf, PROFILE_NAMES } from '../../src/simulator/unkind.ts';
import { failure, valuesOf } from '../support/fakes.ts';
import { closing, connect, connectTo, slotted } from './upstreams.ts';

const listening = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing(async () => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const named = (fault: Fault): string =>
  JSON.stringify(fault, (_, value) => (typeof value === 'string' ? value.slice(0, 40) : value));

/** Kinds that one may expect of an upstream that answers, or does not. */
const PROPER = new Set([
  'upstream_failed',
  'upstream_unavailable',
  'upstream_throttled',
  'upstream_garbage',
  'upstream_invalid',
]);

describe('whatever an unkind upstream does, a call has its true scores, or an error of the table', () => {
  test.each(faultsOf('all').map((fault) => [named(fault), fault] as const))('%s', async (_, fault) => {
    const { scorer, simulator } = await connect();
    const truth = (await scorer.answer(slotted())).values;
    simulator.fault(fault);
    const outcome = await scorer.answer(slotted()).then(
      ({ values }) => ({ values, kind: undefined }),
      (thrown) => ({ values: undefined, kind: toRerankError(thrown).kind }),
    );
    if (outcome.values !== undefined) expect(outcome.values).toEqual(truth);
    else expect(PROPER.has(outcome.kind)).toBe(true);
    // The next call is none the worse for it.
    expect((await scorer.answer(slotted())).values).toEqual(truth);
  });

  test.each(['gzip', 'br', 'deflate'] as const)(
    'an answer that was encoded as %s is read',
    async (encoding) => {
      const { scorer, simulator } = await connect();
      simulator.fault({ kind: 'encoded', encoding });
      expect((await scorer.answer(slotted())).values).toHaveLength(3);
    },
  );

  test('an encoded answer that grows beyond any ranking is none', async () => {
    const { scorer, simulator } = await connect();
    simulator.fault({
      kind: 'wrong-answer',
      make: (answer) => ({ ...answer, filling: ' '.repeat(3_000_000) }),
    });
    expect((await failure(scorer.answer(slotted()))).kind).toBe('upstream_garbage');
  });

  test('a score of −0 is 0', async () => {
    const { scorer, simulator } = await connect();
    simulator.fault({ kind: 'first-score', text: '-0' });
    const { values } = await scorer.answer(slotted());
    expect([...values].some((value) => Object.is(value, -0))).toBe(false);
  });

  test('a score with an exponent is the number that it is', async () => {
    const { scorer, simulator } = await connect();
    simulator.fault({ kind: 'first-score', text: '1.5e-7' });
    expect([...(await scorer.answer(slotted())).values]).toContain(1.5e-7);
  });

  test('a huge page with an error is an error with its status, and is not read to its end', async () => {
    const { scorer, simulator } = await connect();
    simulator.fault({ kind: 'raw', status: 500, headers: {}, body: 'x'.repeat(5_000_000) });
    expect(await failure(scorer.answer(slotted()))).toMatchObject({
      kind: 'upstream_failed',
      upstreamStatus: 500,
    });
  });

  test('an answer that is cut at any byte is no answer, and no other call is harmed', async () => {
    const ask = slotted({ items: ['a', 'b'] });
    const results = [...valuesOf(ask)].map((relevance_score, index) => ({ index, relevance_score }));
    const body = JSON.stringify({ id: 'x', results });
    const whole = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    let cut = 0;
    const url = await listening(
      createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end(whole.slice(0, cut)));
      }),
    );
    const scorer = connectTo(url);
    for (cut = 0; cut < whole.length; cut++) {
      expect((await failure(scorer.answer(ask))).kind).toBe('upstream_failed');
    }
    expect((await scorer.answer(ask)).values).toEqual(valuesOf(ask));
  });
});

describe('what can’t be reached is told apart, for the log', () => {
  test.each([
    ['a host that does not exist', 'http://no-such-host.invalid', /^(ENOTFOUND|EAI_AGAIN)$/],
    ['a port that nobody listens on', 'http://127.0.0.1:1', /^ECONNREFUSED$/],
    ['a server that speaks no TLS', 'https', /^(ERR_SSL_|EPROTO)/],
  ])('%s', async (_, url, code) => {
    const plain = createHttpServer((_, res) => res.end());
    const target = url === 'https' ? (await listening(plain)).replace('http:', 'https:') : url;
    const error = await failure(connectTo(target).answer(slotted()));
    expect(error.kind).toBe('upstream_unreachable');
    expect(error.upstreamCode).toMatch(code);
  });

  test('a connection that breaks, by the code of the break', async () => {
    const { scorer, simulator } = await connect();
    simulator.fault({ kind: 'reset' });
    expect((await failure(scorer.answer(slotted()))).upstreamCode).toMatch(/^(UND_ERR_SOCKET|ECONNRESET)$/);
  });
});

test('every profile has a name, and something in it', () => {
  for (const name of PROFILE_NAMES) expect(faultsOf(name as 'all').length).toBeGreaterThan(0);
});
