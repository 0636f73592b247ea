import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { bearerOf } from './judge.ts';

/** One call as the simulator saw it, refused ones included. */
export interface Call {
  /** When the request's headers had arrived: ms, performance.now(). */
  readonly at: number;
  /** When the answer's last byte was handed to the socket, or the socket closed: ms, performance.now(). */
  finishedAt?: number;
  /** The key it presented, '' without one. */
  readonly key: string;
  readonly model: string | undefined;
  /** Sent; undefined while the call is open and when its answer was never completed. */
  status: number | undefined;
  /** The caller went away before the answer was complete. */
  aborted: boolean;
  /** As received and parsed; undefined when it is no JSON or hasn't arrived. */
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
}

/** A call in progress, and the handles by which the server reports what becomes of it. */
export interface OpenCall {
  readonly call: { -readonly [Field in keyof Call]: Call[Field] };
  /** Aborted when the connection is gone or the answer complete: nothing may be left running then. */
  readonly over: AbortSignal;
  /** To be called right before the last byte is handed over, so that a caller that has read the answer finds it here. */
  answered(status: number): void;
  /** Ends the call as cut by the simulator itself: to be called before the connection goes. */
  cut(): void;
}

/** Follows one call from the arrival of its headers to the end of its answer. */
export function openCall(req: IncomingMessage, res: ServerResponse): OpenCall {
  const call: OpenCall['call'] = {
    at: performance.now(),
    key: bearerOf(req.headers.authorization),
    model: undefined,
    status: undefined,
    aborted: false,
    body: undefined,
    headers: req.headers,
  };
  const over = new AbortController();
  let delivered = false;
  // `finish`, and `writableFinished` too, also come true when a connection dies with the answer still in its buffer.
  res.once('finish', () => {
    delivered = !req.socket.destroyed;
  });
  const end = (aborted: boolean) => {
    if (over.signal.aborted) return;
    if (!delivered) {
      call.status = undefined;
      call.aborted = aborted;
      call.finishedAt = performance.now();
    }
    over.abort();
  };
  res.once('close', () => end(true));
  return {
    call,
    over: over.signal,
    answered(status) {
      if (over.signal.aborted) return;
      call.status = status;
      call.finishedAt = performance.now();
    },
    cut: () => end(false),
  };
}
