import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AMAZON, Bed, CHATBOT, COHERE, SEARCH, TTL_MS } from './bed.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

// Few of each, so that the same comes again and again.
const plainBody = fc
  .record({
    model: fc.constant(COHERE),
    query: fc.constantFrom('q', 'é'),
    documents: fc.constantFrom(['a', 'b'], ['b', 'c']),
  })
  .map((fields) => JSON.stringify(fields));

const anyBody = fc
  .record({
    model: fc.constantFrom(COHERE, COHERE, COHERE, AMAZON, 'unknown', undefined),
    query: fc.constantFrom('q', 'q', 'é 日本', ' '),
    documents: fc.constantFrom<unknown[]>(
      ['a', 'b', 'c'],
      ['c', 'b'],
      ['a', 'a', 'b'],
      ['x'.repeat(3000), 'y'.repeat(3000)],
      ['p'.repeat(9000), 'q'.repeat(70_000)],
      ['r'.repeat(9000), 's'.repeat(70_000), 'é'],
      ['“', 'a'],
      [{ text: 'a' }, { text: 'b', n: 1.5 }],
      [],
    ),
    top_n: fc.constantFrom(undefined, undefined, 1, 0),
    return_documents: fc.constantFrom(undefined, undefined, undefined, true),
    priority: fc.constantFrom(undefined, undefined, 1),
    space: fc.constantFrom(undefined, 1),
  })
  .map(({ space, ...fields }) => JSON.stringify(fields, undefined, space));

const plainHeaders = fc
  .constantFrom(SEARCH, SEARCH, SEARCH, CHATBOT)
  .map((key): Record<string, string> => ({ authorization: `Bearer ${key}` }));

const anyHeaders = fc
  .record({
    authorization: fc.constantFrom(
      ...[SEARCH, SEARCH, SEARCH, CHATBOT, CHATBOT, 'no-key-of-ours-0001'].map((key) => `Bearer ${key}`),
      `bearer  ${SEARCH}`,
      'Basic abc',
      undefined,
    ),
    'cache-control': fc.constantFrom(
      ...[undefined, undefined, undefined, undefined, undefined, undefined],
      ...['no-cache', 'no-store', 'max-age=3', 'only-if-cached', 'something=else'],
    ),
    'content-encoding': fc.constantFrom(
      undefined,
      undefined,
      undefined,
      undefined,
      'gzip',
      'identity',
      'rot13',
    ),
    prefer: fc.constantFrom(undefined, undefined, 'wait=3', 'wait=nonsense'),
    priority: fc.constantFrom(undefined, 'u=1'),
  })
  .map((fields) => JSON.parse(JSON.stringify(fields)) as Record<string, string>);

type Step =
  | { readonly kind: 'ask'; readonly body: number; readonly headers: number; readonly times: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'purge'; readonly model: string }
  | { readonly kind: 'dependent' }
  | { readonly kind: 'upstream'; readonly version: number };

const step = (): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({
        kind: fc.constant('ask' as const),
        body: fc.nat(3),
        headers: fc.nat(3),
        times: fc.integer({ min: 1, max: 7 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.integer({ min: 0, max: 1.5 * TTL_MS }).map((ms) => ({ kind: 'wait' as const, ms })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(COHERE, AMAZON).map((model) => ({ kind: 'purge' as const, model })),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'dependent' as const }) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 0, max: 2 }).map((version) => ({ kind: 'upstream' as const, version })),
    },
  );

const scenario = fc.record({
  bodies: fc.array(fc.oneof({ weight: 2, arbitrary: plainBody }, anyBody), { minLength: 4, maxLength: 4 }),
  headers: fc.array(fc.oneof({ weight: 2, arbitrary: plainHeaders }, anyHeaders), {
    minLength: 4,
    maxLength: 4,
  }),
  steps: fc.array(step(), { minLength: 1, maxLength: 20 }),
});

/** Times, what a connection is told, and what only a page in a browser reads are no part of an answer. */
const ASIDE = new Set([
  ...['date', 'server-timing', 'keep-alive', 'connection', 'transfer-encoding'],
  'access-control-expose-headers',
]);

let serial = 0;

const ask = async (bed: Bed, id: number, text: string, fields: Record<string, string>) => {
  const encoded = fields['content-encoding'] === 'gzip' ? gzipSync(text) : text;
  const response = await bed.post(encoded, {
    ...(fields.authorization === undefined ? { authorization: '' } : {}),
    ...fields,
    'x-request-id': `request-of-number-${String(id).padStart(12, '0')}`,
  });
  const headers = [...response.headers].filter(([name]) => !ASIDE.has(name)).sort();
  return { status: response.status, headers, body: await response.text() };
};

const take = async (
  bed: Bed,
  one: Step,
  scene: { bodies: string[]; headers: Record<string, string>[] },
  id: number,
) => {
  switch (one.kind) {
    case 'ask':
      return ask(bed, id, scene.bodies[one.body]!, scene.headers[one.headers]!);
    case 'purge':
      return bed.caches.purge(one.model);
    case 'dependent':
      return bed.findDependent(COHERE);
    case 'upstream':
      bed.version = one.version;
  }
  return undefined;
};

/** What counts a request, without its times. */
const counted = async ({ metrics, records }: Bed) => {
  const text = await metrics.registry.metrics();
  const series = text
    .split('\n')
    .filter((line) =>
      /^gateway_(requests_total|documents_total|cache_requests_total|request_documents|request_duration_seconds_count|rejections)/.test(
        line,
      ),
    );
  const lines = records.map(({ startedAt, durationMs, authMs, timing, upstream, ...rest }) => rest);
  return { series, lines };
};

test('whoever asks is answered to the byte as without a front, and counted the same', {
  timeout: 120_000,
}, async () => {
  let asked = 0;
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ bodies, headers, steps }) => {
      await using front = await new Bed({ frontBytes: 100_000 }).start();
      await using none = await new Bed({ frontBytes: undefined }).start();
      for (const one of steps) {
        if (one.kind === 'wait') vi.setSystemTime(Date.now() + one.ms);
        for (let i = 0; i < (one.kind === 'ask' ? one.times : 1); i++) {
          const id = ++serial;
          const [here, there] = [
            await take(front, one, { bodies, headers }, id),
            await take(none, one, { bodies, headers }, id),
          ];
          expect(here).toEqual(there);
        }
      }
      expect(await counted(front)).toEqual(await counted(none));
      expect(front.budget.held).toBe(0);
      asked += none.taken;
      taken += front.taken;
    }),
    { numRuns: 60 },
  );
  // Else it was no test of the front.
  expect(taken).toBeLessThan(0.8 * asked);
});
