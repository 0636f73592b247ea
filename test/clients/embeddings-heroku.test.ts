import { createHerokuAI } from 'heroku-ai-provider';
import { shownError } from './client.ts';
import { embedder } from './embedders.ts';

embedder({
  name: 'heroku-ai-provider',
  async embed({ url, key }, model, texts) {
    const embeddings = createHerokuAI({ embeddingsApiKey: key, embeddingsBaseUrl: url }).embedding(model);
    const all: number[][] = [];
    // As the AI SDK would for a model that takes so many.
    for (let i = 0; i < texts.length; i += embeddings.maxEmbeddingsPerCall) {
      const values = texts.slice(i, i + embeddings.maxEmbeddingsPerCall);
      all.push(...(await embeddings.doEmbed({ values: [...values] })).embeddings);
    }
    return all;
  },
  perRequest: 100,
  shown: shownError,
  // It knows the models itself.
  kinds: { 400: 'APICallError', 401: 'APICallError' },
});
