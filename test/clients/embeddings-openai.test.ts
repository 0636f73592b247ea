import OpenAI from 'openai';
import { shownError } from './client.ts';
import { embedder } from './embedders.ts';

embedder({
  // Asks for base64 unless it is told otherwise, and decodes whatever comes.
  name: 'openai',
  async embed({ url, key, retries }, model, input) {
    const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, ...(retries ? {} : { maxRetries: 0 }) });
    const { data } = await client.embeddings.create({ model, input: [...input] });
    return data.map(({ embedding }) => embedding);
  },
  perRequest: 2048,
  shown: shownError,
  kinds: { 400: 'BadRequestError', 401: 'AuthenticationError', 404: 'NotFoundError' },
});

embedder({
  name: 'openai, asking for numbers',
  async embed({ url, key, retries }, model, input) {
    const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, ...(retries ? {} : { maxRetries: 0 }) });
    const request = { model, input: [...input], encoding_format: 'float' as const, user: 'me' };
    const { data } = await client.embeddings.create(request);
    return data.map(({ embedding }) => embedding);
  },
  perRequest: 2048,
  shown: shownError,
  kinds: { 400: 'BadRequestError', 401: 'AuthenticationError', 404: 'NotFoundError' },
});
