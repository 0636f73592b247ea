/** What tests of the embeddings route share: texts, and what the upstream makes of them. */

import { vectorOf } from '../../src/simulator/embeddings/vectors.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { EMBED, type TestGateway } from '../support/gateway.ts';

export interface EmbeddingsBody {
  readonly object: 'list';
  readonly data: readonly { object: string; index: number; embedding: number[] | string }[];
  readonly model: string;
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

let made = 0;

/** Texts that no test has used before. */
export const freshTexts = (count: number): string[] =>
  Array.from({ length: count }, () => `text ${++made} about the lift of wings`);

const computed = new Map<string, string>();

/** The bytes of the vector that the simulator gives a text, in base64. */
export const upstreamVector = (text: string, inputType = 'search_document'): string => {
  const name = `${inputType} ${text}`;
  const vector = computed.get(name) ?? Buffer.from(vectorOf(text, inputType).buffer).toString('base64');
  computed.set(name, vector);
  return vector;
};

/** What each call was to embed, in the order of the calls. */
export const inputsOf = ({ calls }: Pick<Simulator, 'calls'>): string[][] =>
  calls.filter(({ model }) => model === EMBED).map(({ body }) => (body as { input: string[] }).input);

export const bodyOf = async (response: Response): Promise<EmbeddingsBody> => {
  const body = await response.json();
  if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return body as EmbeddingsBody;
};

/** Embeds texts, and returns their vectors in base64, once the order of the answer is checked. */
export const embed = async (
  gateway: Pick<TestGateway, 'embed'>,
  input: readonly string[] | string,
  more: object = {},
  headers: Record<string, string> = {},
) => {
  const response = await gateway.embed(
    { model: EMBED, input, encoding_format: 'base64', ...more },
    { headers },
  );
  const { data, usage } = await bodyOf(response);
  if (data.some(({ index }, i) => index !== i)) throw new Error('an index is wrong');
  return {
    vectors: data.map(({ embedding }) => embedding as string),
    spent: usage.total_tokens,
    cache: response.headers.get('cache-status'),
    headers: response.headers,
  };
};
