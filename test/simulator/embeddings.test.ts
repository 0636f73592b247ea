import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenWindow } from '../../src/simulator/token-window.ts';
import { type Answer, BODY, COHERE, KEY, rerank, simulate } from './harness.ts';

const EMBED = 'cohere-embed-multilingual';

/** A simulator of an embedding model, and a function that posts to its route. */
const embedder = async (over: Parameters<typeof simulate>[0] = {}) => {
  const simulator = await simulate({ limits: { [EMBED]: 100, [COHERE]: 100 }, ...over });
  const post = async (input: unknown, more: object = {}): Promise<Answer> => {
    const response = await fetch(`${simulator.url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ model: EMBED, input, ...more }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const vector = async (text: string, more: object = {}): Promise<number[]> =>
    (await post(text, more)).body.data[0].embedding;
  return { simulator, post, vector };
};

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, number, i) => sum + number * b[i]!, 0);

describe('a vector', () => {
  test('is one of 1,024 numbers and of length 1, and the same alone, among others and again', async () => {
    const { post, vector } = await embedder();
    const alone = await vector('The lift of a wing.');
    expect(alone).toHaveLength(1024);
    expect(alone).toEqual([...Float32Array.from(alone)]);
    expect(dot(alone, alone)).toBeCloseTo(1, 5);
    const { data } = (await post(['Heat.', 'The lift of a wing.', 'Heat.'])).body;
    expect(data.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2]);
    expect(data[1].embedding).toEqual(alone);
    expect(data[2].embedding).toEqual(data[0].embedding);
  });

  test('is nearer to that of a similar text than to that of another', async () => {
    const { vector } = await embedder();
    const [wing, wings, heat] = await Promise.all(
      [
        'The lift of a wing in a slipstream.',
        'Lift of wings in slipstreams',
        'Conduction of heat in slabs',
      ].map((text) => vector(text)),
    );
    expect(dot(wing!, wings!)).toBeGreaterThan(dot(wing!, heat!) + 0.3);
  });

  test('is another for another input_type, and for texts that differ in their order or a blank', async () => {
    const { vector } = await embedder();
    const vectors = await Promise.all([
      vector('a b'),
      vector('b a'),
      vector('a  b'),
      vector('a b', { input_type: 'search_query' }),
    ]);
    expect(new Set(vectors.map(String)).size).toBe(4);
  });

  test('in base64 is the same float32, little-endian', async () => {
    const { post, vector } = await embedder();
    const { embedding } = (await post('a b', { encoding_format: 'base64' })).body.data[0];
    const bytes = Buffer.from(embedding, 'base64');
    expect(Array.from({ length: 1024 }, (_, i) => bytes.readFloatLE(4 * i))).toEqual(await vector('a b'));
  });

  test.each([
    ['int8', 1024, -128, 127],
    ['uint8', 1024, 0, 255],
    ['binary', 128, -128, 127],
    ['ubinary', 128, 0, 255],
  ] as const)('of type %s has %i whole numbers', async (embedding_type, length, least, most) => {
    const { post, vector } = await embedder();
    const numbers = await vector('a b', { embedding_type });
    expect(numbers).toHaveLength(length);
    expect(numbers.every((n) => Number.isInteger(n) && n >= least && n <= most)).toBe(true);
    const { embedding } = (await post('a b', { embedding_type, encoding_format: 'base64' })).body.data[0];
    expect([...Buffer.from(embedding, 'base64')]).toEqual([...Uint8Array.from(numbers)]);
  });
});

test('usage is one figure for a call, whatever the form of its answer', async () => {
  const { post } = await embedder();
  const { usage } = (await post(['one two', 'three'])).body;
  expect(usage).toEqual({ prompt_tokens: 7, total_tokens: 7 });
  expect((await post(['one two', 'three'], { encoding_format: 'base64' })).body.usage).toEqual(usage);
});

describe('a call is refused with 400 when', () => {
  test.each<[string, unknown, object]>([
    ['it has no input', undefined, {}],
    ['its list is empty', [], {}],
    ['its list has 97 texts', Array(97).fill('a'), {}],
    ['a text is empty', ['a', ''], {}],
    ['a text is no string', ['a', 1], {}],
    ['a text has 2,049 bytes', [`${'ü'.repeat(1024)}a`], {}],
    ['its encoding is the one of OpenAI', 'a', { encoding_format: 'float' }],
    ['its input_type is unknown', 'a', { input_type: 'document' }],
    ['its embedding_type is unknown', 'a', { embedding_type: 'float16' }],
    ['a parameter is unknown', 'a', { user: 'me' }],
  ])('%s', async (_, input, more) => {
    const { post } = await embedder();
    expect((await post(input, more)).status).toBe(400);
  });

  test('and not when it is as large as it may be, or allows what is unknown', async () => {
    const { post } = await embedder();
    expect((await post(Array(96).fill('a'))).status).toBe(200);
    expect((await post('ü'.repeat(1024))).status).toBe(200);
    expect((await post('a', { user: 'me', allow_ignored_params: true })).status).toBe(200);
  });
});

test('each route knows its own models, and the list says of what type each is', async () => {
  const { simulator, post } = await embedder();
  expect((await post('a', { model: COHERE })).status).toBe(404);
  expect((await rerank(simulator, { ...BODY, model: EMBED })).status).toBe(404);
  const models = (await (await fetch(`${simulator.url}/available-models`)).json()) as {
    model_id: string;
    type: string[];
  }[];
  expect(models.map(({ model_id, type }) => [model_id, ...type])).toEqual([
    [EMBED, 'text-to-embedding'],
    [COHERE, 'text-to-ranking'],
  ]);
});

describe('the tokens of a window', () => {
  test('are limited, and told in headers beside the requests', async () => {
    const { post } = await embedder({ tokenLimits: { [EMBED]: 10 } });
    const told = ({ headers }: Answer): (string | null)[] =>
      ['requests', 'tokens'].map((what) => headers.get(`x-ratelimit-remaining-${what}`));
    expect(told(await post('one two'))).toEqual(['99', '6']);
    const refused = await post('one two three four five');
    expect([refused.status, ...told(refused)]).toEqual([429, '99', '6']);
    expect(refused.headers.get('x-ratelimit-limit-tokens')).toBe('10');
    expect(refused.headers.get('x-ratelimit-reset-tokens')).toMatch(/^\d+s$/);
    expect(told(await post('one two'))).toEqual(['98', '2']);
  });

  test('never exceed the limit in any window, and whatever fits is let in', () => {
    const calls = fc.array(
      fc.record({ after: fc.integer({ min: 0, max: 40 }), tokens: fc.integer({ min: 0, max: 60 }) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(calls, (all) => {
        const window = new TokenWindow(100, 100);
        const inside: { at: number; tokens: number }[] = [];
        let at = 0;
        for (const { after, tokens } of all) {
          at += after;
          const held = inside
            .filter((each) => at - each.at < 100)
            .reduce((sum, each) => sum + each.tokens, 0);
          expect(window.state(at).remaining).toBe(100 - held);
          expect(window.fits(at, tokens)).toBe(held + tokens <= 100);
          if (held + tokens > 100) continue;
          window.add(at, tokens);
          inside.push({ at, tokens });
        }
      }),
    );
  });

  test('count a call that is reported late in all windows that it belongs to', () => {
    const window = new TokenWindow(10, 100);
    window.add(50, 6);
    expect(window.fits(0, 5)).toBe(false);
    expect(window.fits(0, 4)).toBe(true);
    window.add(0, 4);
    expect([window.state(0), window.state(99), window.state(100)].map(({ remaining }) => remaining)).toEqual([
      6, 0, 4,
    ]);
  });
});
