/** One request and its answer over a pool of connections, told of the moments that matter to whoever pays for it. */

import type { Dispatcher } from 'undici';
import type { Terms } from '../calls/call.ts';

export interface Request {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | readonly Buffer[];
  readonly signal: Terms['signal'];
  /**
   * Called when it is about to be written to a connection. Until then it waits for one, and a caller that leaves has cost
   * nothing.
   */
  readonly onSend: () => void;
  /** Called when nothing holds the body any more: undici keeps an aborted request until it gets a connection. */
  readonly onOver: () => void;
  /** The most bytes that are read of an answer with this status. */
  readonly most: (status: number) => number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Undefined: it is larger than what is read. */
  readonly body: Buffer | undefined;
}

/** Rejects with the signal's reason, or with the error of node or undici. */
export const exchange = (pool: Dispatcher, request: Request): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { path, headers, body, signal, onSend, onOver, most } = request;
    let controller: Dispatcher.DispatchController | undefined;
    let [status, size] = [0, 0];
    let answered: Answer['headers'] = {};
    const parts: Buffer[] = [];
    const onAbort = (): void => {
      // It may wait for a connection still, and then ends when it gets one.
      reject(signal.reason);
      controller?.abort(signal.reason);
    };
    const over = (): void => {
      signal.removeEventListener('abort', onAbort);
      onOver();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    pool.dispatch(
      // Of a body in parts the length must be said.
      { method: 'POST', path, headers, body: body as Buffer },
      {
        onRequestStart(started) {
          controller = started;
          if (signal.aborted) started.abort(signal.reason);
          else onSend();
        },
        onResponseStart(_, code, responseHeaders) {
          [status, answered] = [code, responseHeaders];
        },
        onResponseData(_, chunk) {
          size += chunk.length;
          parts.push(chunk as Buffer);
          if (size <= most(status)) return;
          resolve({ status, headers: answered, body: undefined });
          // The rest is not worth the wait.
          controller?.abort(new Error('The answer is too large.'));
        },
        onResponseEnd() {
          over();
          resolve({ status, headers: answered, body: parts.length === 1 ? parts[0] : Buffer.concat(parts) });
        },
        onResponseError(_, error) {
          over();
          reject(error);
        },
      },
    );
  });
