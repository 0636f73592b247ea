import type { RerankAnswer } from './answer.ts';

/** What a call gets instead of a normal answer. */
export type Fault =
  /** An error with Heroku's body. `retryAfter` is the raw header. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message?: string;
      readonly retryAfter?: string;
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
  /** 200 with the normal answer as changed by `make`. */
  | { readonly kind: 'wrong-answer'; readonly make: (answer: RerankAnswer) => unknown };

/** Faults in the order they were asked for, each handed out `count` times. */
export class FaultQueue {
  readonly #queue: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault, count = 1): void {
    if (count > 0) this.#queue.push({ fault, left: count });
  }

  take(): Fault | undefined {
    const next = this.#queue[0];
    if (next === undefined) return undefined;
    next.left -= 1;
    if (next.left <= 0) this.#queue.shift();
    return next.fault;
  }

  clear(): void {
    this.#queue.length = 0;
  }
}
