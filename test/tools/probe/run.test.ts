import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../src/simulator/server.ts';
import { run } from '../../../src/tools/probe/run.ts';
import { AMAZON, COHERE, LIMITS, UPSTREAM_KEY } from '../../support/gateway.ts';

let simulator: Simulator;
const start = async (options: Partial<SimulatorOptions> = {}): Promise<void> => {
  await simulator?.close();
  simulator = await startSimulator({ keys: { [UPSTREAM_KEY]: {} }, limits: LIMITS, ...options });
};
beforeEach(() => start());
afterEach(() => simulator.close());

/** Everything it says, one string, and what it ends with. */
const probe = async (args = '', env: Record<string, string> = {}, timeoutMs = 10_000) => {
  const said: string[] = [];
  const code = await run({
    args: args.split(' ').filter(Boolean),
    env: { RERANK_URL: simulator.url, RERANK_KEY: UPSTREAM_KEY, ...env },
    out: (line) => void said.push(line),
    note: (line) => void said.push(line),
    timeoutMs,
  });
  const text = said.join('\n');
  expect(text).not.toContain('SECRET');
  expect(text).not.toContain(new URL(simulator.url).host);
  return { code, text, setting: said.find((line) => line.startsWith('CACHE_GRANULARITY=')) };
};

describe('a probe', () => {
  test('finds out which model scores pairs and which one sets', async () => {
    const { code, text, setting } = await probe();
    expect(setting).toBe(`CACHE_GRANULARITY=${COHERE}=document,${AMAZON}=request`);
    expect(text).toMatch(/companions +no influence: \d+ scores, the same bit for bit/);
    expect(text).toMatch(/companions +largest difference 0\.\d+ \(\d+ scores, /);
    expect(code).toBe(0);
  });

  test.each([
    [[], `CACHE_GRANULARITY=${COHERE}=document,${AMAZON}=document`],
    [[COHERE, AMAZON], `CACHE_GRANULARITY=${COHERE}=request,${AMAZON}=request`],
  ])('goes by what it sees, not by names: where %j score sets', async (listwise, expected) => {
    await start({ listwise });
    expect((await probe()).setting).toBe(expected);
  });

  test.each(['', `--model ${COHERE}`])(
    'makes at most thirty calls, one after the other (%j)',
    async (args) => {
      await start({ latencyMs: [1, 3] });
      await probe(args);
      expect(simulator.calls.length).toBeGreaterThan(20);
      expect(simulator.calls.length).toBeLessThanOrEqual(30);
      simulator.calls.slice(1).forEach(({ at }, i) => {
        expect(at).toBeGreaterThanOrEqual(simulator.calls[i]!.finishedAt!);
      });
    },
  );

  test('tells search units, edge cases and headers', async () => {
    const { text } = await probe(`--model ${COHERE}`);
    expect(text).toMatch(
      /1 \(1 document\)[\s\S]*1 \(100 documents\)[\s\S]*2 \(101 documents\)[\s\S]*2 \(100 .* 3,000 tokens\)/,
    );
    expect(text).toMatch(/empty document +400 documents: each must be a non-empty string/);
    expect(text).toMatch(/top_n too large +400 top_n/);
    expect(text).toMatch(/x-ratelimit-remaining-requests: 249, at last 2\d\d/);
  });

  test('repeats neither key nor host when the upstream does', async () => {
    const message = `no entry for ${UPSTREAM_KEY}\nat ${simulator.url}`;
    simulator.fault({ kind: 'status', status: 400, message }, 1);
    const { text } = await probe(`--model ${COHERE}`);
    expect(text).toMatch(/^ +no scores +first: 400 no entry for … at http:\/\/…$/m);
  });
});

describe('what was not measured is called so, and the safe granularity chosen', () => {
  test('when calls fail', async () => {
    simulator.fault({ kind: 'status', status: 503 }, 2);
    const { code, text, setting } = await probe(`--model ${COHERE}`);
    expect(setting).toBe(`CACHE_GRANULARITY=${COHERE}=request`);
    expect(text).toMatch(/order +not measured/);
    expect(text).toMatch(/granularity +request: the safe choice, since not all was measured/);
    expect(text).toContain('first: 503');
    expect(code).toBe(1);
  });

  test.each([
    ['hang', 'no answer in time'],
    ['reset', 'no answer (ECONNRESET)'],
    ['garbage', 'the answer is no rerank answer'],
  ] as const)('and after three calls in a row that end in a %s it stops', async (kind, reason) => {
    simulator.fault({ kind }, 30);
    const { code, text } = await probe('', {}, 300);
    expect(text).toContain(`first: not measured: ${reason}`);
    expect(text).toContain('stopped after 3 of 30 calls: three calls in a row brought no scores');
    expect(simulator.calls).toHaveLength(3);
    expect(code).toBe(1);
  });

  test('when the upstream refuses the key, after one call', async () => {
    const { code, text } = await probe('', { RERANK_KEY: 'another-key-SECRET' });
    expect(text).toContain('stopped after 1 of 30 calls: the upstream refuses the key (401)');
    expect(simulator.calls).toHaveLength(1);
    expect(code).toBe(1);
  });

  test('when the upstream refuses one model, and the other is measured all the same', async () => {
    await start({ keys: { [UPSTREAM_KEY]: { models: [AMAZON] } }, listwise: [] });
    const { code, text, setting } = await probe();
    expect(text).toContain(`${COHERE}: the upstream refuses this model to the key (403)`);
    expect(setting).toBe(`CACHE_GRANULARITY=${COHERE}=request,${AMAZON}=document`);
    expect(simulator.calls).toHaveLength(16);
    expect(code).toBe(1);
  });

  test('when the limit is used up, and it does not try again', async () => {
    await start({ limits: { ...LIMITS, [COHERE]: 4 } });
    const { code, text } = await probe();
    expect(text).toContain(
      "stopped after 5 of 30 calls: the upstream's limit is used up (429), try again later",
    );
    expect(simulator.calls).toHaveLength(5);
    expect(code).toBe(1);
  });

  test('when the upstream says when to come back', async () => {
    simulator.fault({ kind: 'status', status: 429, retryAfter: '17' });
    expect((await probe()).text).toContain('(429), try again in 17 s');
  });

  test('when nobody is at home', async () => {
    await simulator.close();
    const { code, text } = await probe();
    expect(text).toContain('no answer (ECONNREFUSED)');
    expect(code).toBe(1);
  });
});

test('without an upstream there is one clear line, and exit code 2', async () => {
  const { code, text } = await probe('', { RERANK_URL: '', RERANK_KEY: '' });
  expect(text).toMatch(/^probe: RERANK_URL and RERANK_KEY are not set.*--simulator.*$/);
  expect(code).toBe(2);
});

test('the built-in simulator can be probed without any of that', async () => {
  const { code, setting } = await probe('--simulator', { RERANK_URL: '', RERANK_KEY: '' });
  expect(setting).toBe(`CACHE_GRANULARITY=${COHERE}=document,${AMAZON}=request`);
  expect(simulator.calls).toHaveLength(0);
  expect(code).toBe(0);
});

test('help goes before everything', async () => {
  const { code, text } = await probe('--nonsense --help', { RERANK_URL: '' });
  expect([code, text.split('\n')[0]]).toEqual([2, expect.stringContaining('--nonsense')]);
  expect((await probe('--help')).text).toContain('at most 30 calls');
});
