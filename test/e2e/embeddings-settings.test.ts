import { afterEach, describe, expect, test } from 'vitest';
import { EMBED, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { bodyOf, embed, freshTexts, inputsOf, upstreamVector } from './embedding.ts';

let gateway: TestGateway;
afterEach(() => gateway.stop());

const start = async (env: Record<string, string>): Promise<void> => {
  gateway = await startTestGateway({ env: { VERIFY_RATE: '0', ...env } });
};

const as = (key: string) => ({ authorization: `Bearer ${key}` });

describe('vectors of a model', () => {
  test('are forgotten when it is purged', async () => {
    await start({ GATEWAY_KEYS: `search:${KEYS.search};admin` });
    const texts = freshTexts(2);
    await embed(gateway, texts);
    const purged = await fetch(`${gateway.url}/v1/cache?model=${EMBED}`, {
      method: 'DELETE',
      headers: as(KEYS.search),
    });
    expect(purged.status).toBe(200);
    expect((await embed(gateway, texts)).vectors).toEqual(texts.map((text) => upstreamVector(text)));
    expect(inputsOf(gateway.simulator)).toEqual([texts, texts]);
  });

  test('answer no other service where scopes are apart', async () => {
    await start({ CACHE_SCOPE: 'client' });
    const texts = freshTexts(2);
    await embed(gateway, texts);
    await embed(gateway, texts, {}, as(KEYS.chatbot));
    await embed(gateway, texts, {}, as(KEYS.chatbot));
    expect(inputsOf(gateway.simulator)).toEqual([texts, texts]);
  });

  test('are not for a service that may not use it', async () => {
    await start({ GATEWAY_KEYS: `search:${KEYS.search};models=cohere-rerank-3-5` });
    expect((await gateway.embed({ model: EMBED, input: 'a' })).status).toBe(403);
    const none = await gateway.embed({ input: 'a' });
    expect(none.status).toBe(400);
    expect(await none.json()).toMatchObject({ error: { param: 'model' } });
  });

  test('that nobody reuses are asked for each time, many texts to a call all the same', async () => {
    await start({ CACHE_GRANULARITY: `${EMBED}=off` });
    const texts = freshTexts(100);
    for (let i = 0; i < 2; i++) {
      expect((await embed(gateway, texts)).vectors).toEqual(texts.map((text) => upstreamVector(text)));
    }
    expect(inputsOf(gateway.simulator).map(({ length }) => length)).toEqual([96, 4, 96, 4]);
  });

  test('that are reused for the same set of texts only are of as many texts as are asked for', async () => {
    await start({ CACHE_GRANULARITY: `${EMBED}=request` });
    const texts = freshTexts(100);
    for (const asked of [texts, texts.toReversed(), texts.slice(1)]) {
      expect((await embed(gateway, asked)).vectors).toEqual(asked.map((text) => upstreamVector(text)));
    }
    expect(inputsOf(gateway.simulator).map(({ length }) => length)).toEqual([96, 4, 96, 3]);
  });

  test('of a text that the firewall refuses are those of its milder form, and the answer says so', async () => {
    await start({ UPSTREAM_FIREWALL: 'defang' });
    const [fine = ''] = freshTexts(1);
    const response = await gateway.embed({
      model: EMBED,
      input: [fine, `${fine} at http://localhost:3000/`],
      encoding_format: 'base64',
    });
    const { data, ...body } = await bodyOf(response);
    expect(data.map(({ embedding }) => embedding)).toEqual([
      upstreamVector(fine),
      upstreamVector(`${fine} at  localhost:3000/`),
    ]);
    expect(body).toMatchObject({ meta: { warnings: [expect.stringContaining('input[1]')] } });
  });
});
