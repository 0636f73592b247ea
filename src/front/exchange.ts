/** One plain request and the way its answer is written. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Canceller } from '../calls/cancellation.ts';
import { RerankError } from '../calls/errors.ts';
import type { Ask, Keep, Leaving } from '../http/ask.ts';
import { type Caller, type RequestRecord, recordOf } from '../http/context.ts';
import { arrivedAt } from '../http/in-turn.ts';
import { requestId } from '../http/ledger.ts';

export interface Arrival {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly caller: Caller;
  /** Of the endpoint. */
  readonly path: string;
  /** When it was looked at first, monotonic milliseconds: it may have arrived before. */
  readonly began: number;
}

export class Exchange implements Ask {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly caller: Caller;
  readonly record: RequestRecord;
  keep: Keep | undefined;

  constructor({ incoming, outgoing, caller, path, began }: Arrival) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.caller = caller;
    this.record = recordOf({
      id: requestId(incoming.headers['x-request-id'] as string | undefined),
      method: 'POST',
      path,
      startedAt: arrivedAt(incoming) ?? began,
    });
    this.record.client = caller.name;
    this.record.authMs = performance.now() - began;
  }

  header(name: string): string | undefined {
    const value = this.incoming.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  gone(): Leaving {
    const { outgoing } = this;
    const leaving = new Canceller();
    const onClose = (): void => {
      if (!outgoing.writableFinished) leaving.abort(new RerankError('client_gone'));
    };
    if (outgoing.destroyed) onClose();
    else outgoing.once('close', onClose);
    return leaving;
  }
}
