import { describe, expect, test } from 'vitest';
import { embeddingsAnswer } from '../../../src/simulator/embeddings/answer.ts';
import { validatedEmbeddings } from '../../../src/simulator/embeddings/request.ts';
import { CALLS_OF_AN_EMBEDDER, probeEmbedder } from '../../../src/tools/probe/embeddings/probe.ts';
import { run } from '../../../src/tools/probe/run.ts';

const MODEL = 'cohere-embed-multilingual';

/** The lines of a probe of an upstream that answers so. */
const probed = async (answer: (body: { input: string[] }) => { status?: number; body: unknown }) => {
  let calls = 0;
  const { lines, complete } = await probeEmbedder(MODEL, {
    async post(_, sent) {
      calls++;
      const { status = 200, body } = answer(JSON.parse(sent));
      return { ms: 1, headers: {}, status, body: JSON.stringify(body) };
    },
  });
  return { text: lines.join('\n'), complete, calls };
};

const right = (body: object) => embeddingsAnswer(validatedEmbeddings(body));

/** As the simulator answers, but for what `change` does to each vector. */
const swayed = (change: (numbers: number[], input: readonly string[]) => number[]) =>
  probed((body) => {
    try {
      const { data, ...rest } = right(body);
      const changed = data.map((each) => ({
        ...each,
        embedding: Array.isArray(each.embedding) ? change(each.embedding, body.input) : each.embedding,
      }));
      return { body: { ...rest, data: changed } };
    } catch (thrown) {
      return { status: 400, body: { error: { message: (thrown as Error).message } } };
    }
  });

describe('the probe of an embedding model', () => {
  test('of the simulator finds that vectors depend on their text alone, and all else that is asked', async () => {
    const out: string[] = [];
    const code = await run({
      args: ['--simulator', '--model', MODEL],
      env: {},
      out: (line) => void out.push(line),
      note: () => {},
    });
    expect(code).toBe(0);
    const text = out.join('\n');
    for (const name of ['repetition', 'order', 'companions', 'in a full call']) {
      expect(text).toMatch(new RegExp(`${name} +no influence`));
    }
    expect(text).toMatch(/base64 +the float32 of raw, 1024 numbers/);
    expect(text).toMatch(/tokens +22 and 21 alone, 43 together: charged by text/);
    expect(text).toMatch(/int8 +200, 1024 numbers/);
    expect(text).toMatch(/97 texts +400 input/);
    expect(text).toMatch(/encoding float +400 encoding_format/);
  });

  test('finds companions that sway a vector, and says that it is not as the gateway assumes', async () => {
    const { text, complete } = await swayed((numbers, input) =>
      numbers.map((number, i) => number + (input.length > 1 && i < 50 ? 0.05 : 0)),
    );
    expect(text).toMatch(/companions +largest distance 0\.\d+ \(1 vectors\)/);
    expect(complete).toBe(false);
  });

  test('takes the noise of a computation for none', async () => {
    const { text, complete } = await swayed((numbers, input) =>
      numbers.map((number, i) => number + (input.length % 2 && i % 2 ? 1e-5 : 0)),
    );
    expect(text).toContain('which counts as none');
    expect(complete).toBe(true);
  });

  test.each([401, 403, 404, 429])('ends with the first %i', async (status) => {
    const { text, complete, calls } = await probed(() => ({ status, body: { error: { message: 'no' } } }));
    expect(calls).toBe(1);
    expect(text).toContain(`no vectors        first: ${status} no`);
    expect(complete).toBe(false);
  });

  test('goes on when an answer is none', async () => {
    const { complete, calls } = await probed(() => ({ body: { data: 7 } }));
    expect([calls, complete]).toEqual([CALLS_OF_AN_EMBEDDER, false]);
  });
});

test('a reranker and an embedding model share the calls of a run, and more are too many', async () => {
  const notes: string[] = [];
  const probe = (...models: string[]) =>
    run({
      args: ['--simulator', ...models.flatMap((model) => ['--model', model])],
      env: {},
      out: () => {},
      note: (line) => void notes.push(line),
    });
  await probe(MODEL, 'cohere-rerank-3-5');
  expect(notes[0]).toContain('with 30 calls');
  expect(await probe(MODEL, 'another-embedder')).toBe(2);
  expect(notes[1]).toContain('more than 30 calls');
});
