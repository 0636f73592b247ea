/** The requests under way, each with the signal that tells its work to stop. */

import type { RerankError } from '../calls/errors.ts';

export interface OpenCall {
  readonly signal: AbortSignal;
  close(): void;
}

export class Callers {
  readonly #open = new Set<AbortController>();
  #dismissed: (() => RerankError) | undefined;

  get size(): number {
    return this.#open.size;
  }

  /**
   * Opens a call for a request.
   * @param gone the request's own signal, aborted when its caller disconnects
   * @param goneReason what the call's signal then says
   */
  open(gone: AbortSignal, goneReason: () => RerankError): OpenCall {
    const controller = new AbortController();
    const onGone = (): void => controller.abort(goneReason());
    if (gone.aborted) onGone();
    else gone.addEventListener('abort', onGone, { once: true });
    if (this.#dismissed) controller.abort(this.#dismissed());
    this.#open.add(controller);
    return {
      signal: controller.signal,
      close: () => {
        gone.removeEventListener('abort', onGone);
        this.#open.delete(controller);
      },
    };
  }

  /** Ends the wait of everybody under way, and of whoever comes later. */
  dismiss(reason: () => RerankError): void {
    this.#dismissed = reason;
    for (const controller of this.#open) controller.abort(reason());
  }
}
