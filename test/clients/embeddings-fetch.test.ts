import type { Shown } from './client.ts';
import { embedder } from './embedders.ts';

class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

embedder({
  // As LlamaIndex does.
  name: 'fetch, one text a POST',
  embed: ({ url, key }, model, texts) =>
    Promise.all(
      texts.map(async (input) => {
        const response = await fetch(`${url}/v1/embeddings`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model, input }),
        });
        const body = (await response.json()) as { message: string; data: [{ embedding: number[] }] };
        if (!response.ok) throw new Refused(response.status, body.message);
        return body.data[0].embedding;
      }),
    ),
  perRequest: 1,
  shown: (error): Shown => ({
    kind: 'Refused',
    status: (error as Refused).status,
    message: (error as Refused).message,
  }),
  kinds: { 400: 'Refused', 401: 'Refused', 404: 'Refused' },
});
