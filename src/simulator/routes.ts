/** The routes of the simulator that make calls: what each reads from a body, what that costs, and the normal answer. */

import { randomUUID } from 'node:crypto';
import { type RerankAnswer, rerankAnswer } from './answer.ts';
import { type EmbeddingsAnswer, embeddingsAnswer, tokensOf } from './embeddings/answer.ts';
import { type EmbeddingsRequest, validatedEmbeddings } from './embeddings/request.ts';
import { type RerankRequest, validated } from './request.ts';

export type RouteName = 'rerank' | 'embeddings';

/** A call that passed every rule of its route. */
export interface Accepted {
  readonly request: RerankRequest | EmbeddingsRequest;
  /** Undefined where tokens are not counted. */
  readonly tokens: number | undefined;
  /** The normal answer. Computed when it is needed. */
  readonly answer: () => RerankAnswer | EmbeddingsAnswer;
}

export interface Route {
  readonly name: RouteName;
  /** Throws a `Refusal` when a rule is broken. */
  read(body: unknown): Accepted;
}

/** The route that a model is served at, by its name. */
export const routeOf = (model: string): RouteName => (model.includes('embed') ? 'embeddings' : 'rerank');

/** @param isListwise of a model: whether its scores depend on the companion documents */
export const routes = (isListwise: (model: string) => boolean): ReadonlyMap<string, Route> =>
  new Map<string, Route>([
    [
      'POST /v1/rerank',
      {
        name: 'rerank',
        read(body) {
          const request = validated(body);
          const mode = isListwise(request.model) ? 'listwise' : 'pointwise';
          return {
            request,
            tokens: undefined,
            answer: () => rerankAnswer(request, mode, randomUUID()),
          };
        },
      },
    ],
    [
      'POST /v1/embeddings',
      {
        name: 'embeddings',
        read(body) {
          const request = validatedEmbeddings(body);
          return { request, tokens: tokensOf(request), answer: () => embeddingsAnswer(request) };
        },
      },
    ],
  ]);
