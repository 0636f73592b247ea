import { words } from '../words.ts';
import type { EmbeddingsRequest } from './request.ts';
import { embeddingOf } from './vectors.ts';

/** Heroku's 200, which is OpenAI's shape. */
export interface EmbeddingsAnswer {
  readonly object: 'list';
  readonly data: readonly {
    readonly object: 'embedding';
    readonly index: number;
    readonly embedding: readonly number[] | string;
  }[];
  readonly model: string;
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

const LETTERS_PER_TOKEN = 5;
/** Begin and end of a text count, too. */
const TOKENS_AROUND = 2;

/** The tokens of a whole call: a rule of its own, which nobody is told. */
export const tokensOf = ({ input }: Pick<EmbeddingsRequest, 'input'>): number =>
  input.reduce(
    (sum, text) =>
      words(text).reduce((tokens, word) => tokens + Math.ceil(word.length / LETTERS_PER_TOKEN), sum) +
      TOKENS_AROUND,
    0,
  );

export function embeddingsAnswer(request: EmbeddingsRequest): EmbeddingsAnswer {
  const tokens = tokensOf(request);
  return {
    object: 'list',
    data: request.input.map((text, index) => ({
      object: 'embedding',
      index,
      embedding: embeddingOf(text, request),
    })),
    model: request.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
