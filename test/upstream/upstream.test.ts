import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { lexicalScores } from '../../src/simulator/lexical.ts';
import { connectUpstream } from '../../src/upstream/upstream.ts';
import { failure, textsOf } from '../support/fakes.ts';
import { closing, connect, connectTo, KEY, slotted } from './upstreams.ts';

describe('a call', () => {
  test('brings the upstream’s scores bit for bit, in the order of the documents', async () => {
    const { scorer } = await connect();
    const before = Date.now();
    const ask = slotted();
    const scores = await scorer.answer(ask);
    expect([...scores.values]).toEqual([...lexicalScores(ask.query, textsOf(ask), 'pointwise')]);
    expect(scores).toMatchObject({
      sources: ['upstream', 'upstream', 'upstream'],
      spent: 1,
      stale: false,
      stored: false,
    });
    const [moment] = scores.takenAt;
    expect([...scores.takenAt]).toEqual([moment, moment, moment]);
    expect(moment).toBeGreaterThanOrEqual(before);
    expect(moment).toBeLessThanOrEqual(Date.now());
    expect(scores.timing.upstreamMs).toBeGreaterThan(0);
    expect(scores.rateLimit).toEqual({
      'x-ratelimit-limit-requests': '100',
      'x-ratelimit-remaining-requests': '99',
      'x-ratelimit-reset-requests': expect.stringMatching(/^\d+s$/),
    });
  });

  test('sends nothing but model, query and documents', async () => {
    const { scorer, simulator } = await connect();
    const { model, query, items: documents } = slotted();
    await scorer.answer(slotted({ scope: 'search' }));
    expect(simulator.calls[0]!.body).toEqual({ model, query, documents });
  });

  test('shows the key, and passes the trace context on as it came', async () => {
    const { scorer, simulator } = await connect();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await scorer.answer(slotted({ traceparent }));
    await scorer.answer(slotted());
    const [traced, untraced] = simulator.calls.map(({ headers }) => headers);
    expect(traced).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      traceparent,
    });
    expect(untraced).not.toHaveProperty('traceparent');
  });

  test('is told of once, whatever comes of it', async () => {
    const { scorer, simulator } = await connect();
    let told = 0;
    const onSend = (): void => void told++;
    await scorer.answer({ ...slotted(), onSend });
    expect(told).toBe(1);
    simulator.fault({ kind: 'reset' });
    await failure(scorer.answer({ ...slotted(), onSend }));
    expect(told).toBe(2);
  });

  test('costs what the upstream bills', async () => {
    const { scorer } = await connect();
    const documents = Array.from({ length: 250 }, (_, i) => `document ${i}`);
    expect((await scorer.answer(slotted({ items: documents }))).spent).toBe(3);
  });

  test('keeps texts whole, whatever characters they hold', async () => {
    const { scorer, simulator } = await connect();
    const query = 'quote " and \\ and \u2028';
    const documents = ['é 😀 \u0000 \ud83d\ude00', '</script>\n\t'];
    await scorer.answer(slotted({ query, items: documents }));
    expect(simulator.calls[0]!.body).toMatchObject({ query, documents });
  });

  test('for a thousand documents is read whole', async () => {
    const { scorer } = await connect();
    const documents = Array.from({ length: 1000 }, (_, i) => `dyno number ${i}`);
    const { values } = await scorer.answer(slotted({ items: documents }));
    expect(values).toHaveLength(1000);
    expect(values.every(Number.isFinite)).toBe(true);
  });
});

describe('the attachment whose slot is held', () => {
  test('is the one that is called', async () => {
    const [one, two] = [await connect(), await connect()];
    const both = connectUpstream({
      attachments: [
        { alias: 'ONE', url: one.simulator.url, key: KEY },
        { alias: 'TWO', url: two.simulator.url, key: KEY },
      ],
      timeoutMs: 10_000,
    });
    closing(() => both.close());
    const scorer = both.service(RERANK.wire);
    for (const attachment of ['TWO', 'ONE', 'TWO']) await scorer.answer(slotted({ attachment }));
    expect([one.simulator.calls.length, two.simulator.calls.length]).toEqual([1, 2]);
  });

  test.each(['OTHER', ''])('must be a known one, not %j', async (attachment) => {
    const { scorer, simulator } = await connect();
    const onSend = (): void => expect.unreachable('nothing is sent');
    expect((await failure(scorer.answer({ ...slotted({ attachment }), onSend }))).kind).toBe('internal');
    expect(simulator.calls).toHaveLength(0);
  });
});

describe('the URL of an attachment', () => {
  const answer = JSON.stringify({ results: [{ index: 0, relevance_score: 0.5 }] });

  /** A server that notes where it is called. */
  const note = async (): Promise<{
    url: string;
    calls: { path: string | undefined; headers: IncomingHttpHeaders }[];
  }> => {
    const calls: { path: string | undefined; headers: IncomingHttpHeaders }[] = [];
    const server = createServer((req, res) => {
      calls.push({ path: `${req.method} ${req.url}`, headers: req.headers });
      req.resume().on('end', () => res.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing(async () => {
      server.closeAllConnections();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
  };

  test.each([
    ['', '/v1/rerank'],
    ['/', '/v1/rerank'],
    ['/some/prefix', '/some/prefix/v1/rerank'],
    ['/some/prefix/', '/some/prefix/v1/rerank'],
    ['/with%20blank', '/with%20blank/v1/rerank'],
  ])('that ends in %j leads to %s', async (suffix, path) => {
    const { url, calls } = await note();
    const scorer = connectTo(`${url}${suffix}`);
    await scorer.answer(slotted({ items: ['d'] }));
    expect(calls[0]!.path).toBe(`POST ${path}`);
    expect(calls[0]!.headers.host).toBe(new URL(url).host);
  });
});
