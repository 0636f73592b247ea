import type { RerankAnswer } from './answer.ts';
import type { EmbeddingsAnswer } from './embeddings/answer.ts';
import type { EmbeddingsRequest } from './embeddings/request.ts';
import type { RerankRequest } from './request.ts';

/** What a call gets instead of a normal answer. */
export type Fault =
  /** An error with Heroku's body. `retryAfter` is the raw header. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message?: string;
      readonly retryAfter?: string;
      /** Sent as HTML in place of Heroku's JSON error, as what stands in front of Heroku answers. */
      readonly page?: string;
    }
  /** No byte, until the caller leaves. */
  | { readonly kind: 'hang' }
  /** A TCP reset before an answer. */
  | { readonly kind: 'reset' }
  /** Headers and half the body, then the connection ends. */
  | { readonly kind: 'reset-midway' }
  /** 200 with something that is no rerank answer. */
  | { readonly kind: 'garbage'; readonly body?: string; readonly contentType?: string }
  /** The normal answer: headers at once, the body at this pace. */
  | { readonly kind: 'slow-body'; readonly bytesPerSecond: number }
  /** Anything at all. */
  | {
      readonly kind: 'raw';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** The normal answer, encoded; in a way that nobody knows, it is what it says. */
  | { readonly kind: 'encoded'; readonly encoding: 'gzip' | 'br' | 'deflate' | 'x-unknown' }
  /** The normal answer in chunks of a few bytes. */
  | { readonly kind: 'piecewise' }
  /** The normal answer, but the first score is this text, which need not be JSON. */
  | { readonly kind: 'first-score'; readonly text: string }
  /** 200 with the normal answer as changed by `make`. */
  | { readonly kind: 'wrong-answer'; readonly make: (answer: RerankAnswer) => unknown }
  | { readonly kind: 'wrong-vectors'; readonly make: (answer: EmbeddingsAnswer) => unknown };

/** Which calls a standing fault meets, told by what they ask for. */
export type When = (request: RerankRequest) => boolean;
export type WhenEmbedding = (request: EmbeddingsRequest) => boolean;

type AnyRequest = RerankRequest | EmbeddingsRequest;

/** Faults that tests asked for: some stand and meet every call of a kind, some are handed out a number of times. */
export class Faults {
  readonly #queue: { readonly fault: Fault; left: number }[] = [];
  readonly #standing = new Set<{ readonly when: (request: AnyRequest) => boolean; readonly fault: Fault }>();

  /** For the next `count` calls, in the order of these calls. */
  add(fault: Fault, count = 1): void {
    if (count > 0) this.#queue.push({ fault, left: count });
  }

  /** For every call that `when` is true of, until the returned function is called. */
  stand(when: When, fault: Fault): () => void {
    return this.#stand((request) => 'query' in request && when(request), fault);
  }

  standEmbedding(when: WhenEmbedding, fault: Fault): () => void {
    return this.#stand((request) => 'input' in request && when(request), fault);
  }

  #stand(when: (request: AnyRequest) => boolean, fault: Fault): () => void {
    const standing = { when, fault };
    this.#standing.add(standing);
    return () => void this.#standing.delete(standing);
  }

  /** A call that a standing fault meets uses none of the others up. Of two that stand, the first. */
  take(request: AnyRequest): Fault | undefined {
    for (const { when, fault } of this.#standing) if (when(request)) return fault;
    const next = this.#queue[0];
    if (next === undefined) return undefined;
    next.left -= 1;
    if (next.left <= 0) this.#queue.shift();
    return next.fault;
  }

  clear(): void {
    this.#queue.length = 0;
    this.#standing.clear();
  }
}
