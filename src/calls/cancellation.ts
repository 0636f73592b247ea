import type { RerankError } from './errors.ts';

/** Whether somebody still waits. An AbortSignal is one; a call needs several, and ours are plain objects. */
export interface Cancellation {
  readonly aborted: boolean;
  /** Once it is aborted. */
  readonly reason: RerankError;
  throwIfAborted(): void;
  addEventListener(event: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(event: 'abort', listener: () => void): void;
}

/** A cancellation, and the right to make use of it. Listeners hear of it once, in their order. */
export class Canceller implements Cancellation {
  aborted = false;
  reason!: RerankError;
  #listeners: (() => void)[] = [];

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  abort(reason: RerankError): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
