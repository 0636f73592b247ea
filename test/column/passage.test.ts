import { expect, test } from 'vitest';
import type { Call, Reply } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import type { CallOutcome } from '../../src/calls/permit.ts';
import { createPassage } from '../../src/column/column.ts';
import { failure } from '../support/fakes.ts';

/** An answer that goes on for as long as somebody reads. */
interface StreamedReply extends Reply {
  readonly stream: ReadableStream<string>;
}

const aCall = (): Call => ({
  model: 'chat',
  terms: {
    client: 'search',
    urgency: 3,
    deadline: performance.now() + 5000,
    signal: new AbortController().signal,
  },
});

const passage = (answer: (call: Call, attempt: number) => StreamedReply) => {
  const outcomes: CallOutcome[] = [];
  const charged: string[] = [];
  const called: string[] = [];
  let attempts = 0;
  const service = createPassage<Call, StreamedReply>({
    quotas: { take: async (name) => ({ settle: (sent) => void (sent && charged.push(name)) }) },
    permits: () => ({
      acquire: async () => ({
        attachment: 'ONE',
        replaceable: false,
        wait: { predictedMs: 0, reason: 'none' },
        release: (outcome) => void outcomes.push(outcome),
        giveBack: () => expect.unreachable('every call was sent'),
      }),
    }),
    attempts: 2,
    attemptMs: 1000,
    observer: {
      cacheLookup() {},
      merged() {},
      verified() {},
      queueWait() {},
      retry() {},
      firewallRefused() {},
      upstreamCall: ({ code }) => void called.push(code),
    },
    upstream: {
      async answer(call) {
        call.onSend?.();
        return answer(call, attempts++);
      },
    },
  });
  return { service, outcomes, charged, called };
};

const streamed = (stream = new ReadableStream<string>()): StreamedReply => ({
  stream,
  spent: 1,
  timing: { cacheMs: 0, queueMs: 0, upstreamMs: 0 },
  rateLimit: { 'x-ratelimit-remaining-requests': '7' },
});

test('a call without items is charged, paced and made; its slot is given back when the answer begins', async () => {
  const { service, outcomes, charged, called } = passage(() => streamed());
  const { stream } = await service.answer(aCall());
  // Nobody has read a word of it yet.
  expect(outcomes).toMatchObject([{ verdict: 'scored', answered: true, remaining: 7 }]);
  expect(stream.locked).toBe(false);
  expect([charged, called]).toEqual([['search'], ['200']]);
});

test('a call without items is made again when that may help, for one charge and a slot each', async () => {
  const { service, outcomes, charged } = passage((_, attempt) => {
    if (attempt === 0) throw new RerankError('upstream_throttled', undefined, { upstreamStatus: 429 });
    return streamed();
  });
  await service.answer(aCall());
  expect(outcomes).toHaveLength(2);
  expect(charged).toEqual(['search']);
});

test('a call without items that fails for good tells why', async () => {
  const { service } = passage(() => {
    throw new RerankError('upstream_invalid', undefined, { upstreamStatus: 400 });
  });
  expect((await failure(service.answer(aCall()))).kind).toBe('upstream_invalid');
});
