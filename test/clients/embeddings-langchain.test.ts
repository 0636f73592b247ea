import { OpenAIEmbeddings } from '@langchain/openai';
import { shownError } from './client.ts';
import { embedder } from './embedders.ts';

embedder({
  name: '@langchain/openai',
  embed({ url, key, retries }, model, texts) {
    const embeddings = new OpenAIEmbeddings({
      model,
      apiKey: key,
      configuration: { baseURL: `${url}/v1` },
      ...(retries ? {} : { maxRetries: 0 }),
    });
    return embeddings.embedDocuments([...texts]);
  },
  perRequest: 512,
  shown: shownError,
  kinds: { 400: 'BadRequestError', 401: 'AuthenticationError', 404: 'NotFoundError' },
});
