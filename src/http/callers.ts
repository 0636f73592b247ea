/** The requests under way, each with the signal that ends its work. */

import type { RerankError } from '../calls/errors.ts';

export interface OpenCall {
  /** Created when it is first read: most requests are answered before their caller could leave. */
  readonly signal: AbortSignal;
  close(): void;
}

export class Callers {
  readonly #open = new Set<Call>();
  #dismissed: (() => RerankError) | undefined;

  get size(): number {
    return this.#open.size;
  }

  /**
   * Opens a call for a request.
   * @param gone the request's own signal, aborted when its caller disconnects
   * @param goneReason the reason with which the call's signal is then aborted
   */
  open(gone: () => AbortSignal, goneReason: () => RerankError): OpenCall {
    const call = new Call(gone, goneReason, (over) => this.#open.delete(over));
    if (this.#dismissed) call.dismiss(this.#dismissed());
    this.#open.add(call);
    return call;
  }

  /** Ends the wait of all requests under way, and of those that come later. */
  dismiss(reason: () => RerankError): void {
    this.#dismissed = reason;
    for (const call of this.#open) call.dismiss(reason());
  }
}

class Call implements OpenCall {
  readonly #gone: () => AbortSignal;
  readonly #goneReason: () => RerankError;
  readonly #onClose: (call: Call) => void;
  #controller: AbortController | undefined;
  #forget: (() => void) | undefined;
  #dismissed: RerankError | undefined;

  constructor(gone: () => AbortSignal, goneReason: () => RerankError, onClose: (call: Call) => void) {
    this.#gone = gone;
    this.#goneReason = goneReason;
    this.#onClose = onClose;
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    const gone = this.#gone();
    const onGone = (): void => controller.abort(this.#goneReason());
    if (gone.aborted) onGone();
    else gone.addEventListener('abort', onGone, { once: true });
    this.#forget = () => gone.removeEventListener('abort', onGone);
    if (this.#dismissed) controller.abort(this.#dismissed);
    return controller.signal;
  }

  dismiss(reason: RerankError): void {
    this.#dismissed ??= reason;
    this.#controller?.abort(reason);
  }

  close(): void {
    this.#forget?.();
    this.#onClose(this);
  }
}
