/** Answers messages that the HTTP parser refuses, with the gateway's own error body. */

import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { RerankError } from '../calls/errors.ts';
import { type RequestRecord, recordOf } from './context.ts';
import { errorAnswer } from './respond.ts';

/** The error code of node's parser for headers that are too large. */
const HEADERS_TOO_LARGE = 'HPE_HEADER_OVERFLOW';

const errorOf = (code: string | undefined): RerankError =>
  code === HEADERS_TOO_LARGE
    ? new RerankError('headers_too_large')
    : new RerankError('invalid_request', 'The request is not valid HTTP, or did not arrive whole.');

/**
 * A `clientError` listener: the bytes received are not HTTP, or the message broke off.
 * @param onRequest called for each such message, unless its head was valid: that request is counted where it is handled
 * @param isHandled whether a request that came over the connection is not answered yet
 */
export const badRequest =
  (onRequest: (record: RequestRecord) => void, isHandled: (socket: Socket) => boolean = () => false) =>
  (thrown: NodeJS.ErrnoException, socket: Socket): void => {
    if (thrown.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const record = recordOf({
      id: randomUUID(),
      method: 'unknown',
      path: 'unknown',
      startedAt: performance.now(),
    });
    // Written synchronously: node ends the connection when this listener returns.
    const { status, headers: own, body } = errorAnswer(errorOf(thrown.code), record);
    record.status = status;
    const headers = { ...own, 'Content-Length': Buffer.byteLength(body), Connection: 'close' };
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
    if (!isHandled(socket)) onRequest(record);
  };
