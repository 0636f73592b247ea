import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany } from 'ai';
import { shownError } from './client.ts';
import { embedder } from './embedders.ts';

embedder({
  name: 'ai with @ai-sdk/openai-compatible',
  async embed({ url, key, retries }, model, texts) {
    const provider = createOpenAICompatible({ name: 'gateway', apiKey: key, baseURL: `${url}/v1` });
    const { embeddings } = await embedMany({
      model: provider.embeddingModel(model),
      values: [...texts],
      ...(retries ? {} : { maxRetries: 0 }),
    });
    return embeddings;
  },
  perRequest: 2048,
  shown: shownError,
  kinds: { 400: 'APICallError', 401: 'APICallError', 404: 'APICallError' },
});
