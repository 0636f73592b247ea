/** The requests under way, each with the signal that ends its work. */

import { type Cancellation, Canceller } from '../calls/cancellation.ts';
import type { RerankError } from '../calls/errors.ts';
import type { Leaving } from './ask.ts';

export interface OpenCall {
  /** Created when it is first read: most requests are answered before their caller could leave. */
  readonly signal: Cancellation;
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
   * @param gone aborted when the request's caller disconnects
   * @param goneReason the reason with which the call's signal is then aborted
   */
  open(gone: () => Leaving, goneReason: () => RerankError): OpenCall {
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
  readonly #gone: () => Leaving;
  readonly #goneReason: () => RerankError;
  readonly #onClose: (call: Call) => void;
  #canceller: Canceller | undefined;
  #forget: (() => void) | undefined;
  #dismissed: RerankError | undefined;

  constructor(gone: () => Leaving, goneReason: () => RerankError, onClose: (call: Call) => void) {
    this.#gone = gone;
    this.#goneReason = goneReason;
    this.#onClose = onClose;
  }

  get signal(): Cancellation {
    if (this.#canceller !== undefined) return this.#canceller;
    const canceller = new Canceller();
    this.#canceller = canceller;
    const gone = this.#gone();
    const onGone = (): void => canceller.abort(this.#goneReason());
    if (gone.aborted) onGone();
    else gone.addEventListener('abort', onGone, { once: true });
    this.#forget = () => gone.removeEventListener('abort', onGone);
    if (this.#dismissed) canceller.abort(this.#dismissed);
    return canceller;
  }

  dismiss(reason: RerankError): void {
    this.#dismissed ??= reason;
    this.#canceller?.abort(reason);
  }

  close(): void {
    this.#forget?.();
    this.#onClose(this);
  }
}
