/** Answers what the HTTP parser refuses, in the gateway's own error body. */

import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';

/** A `clientError` listener: what came is not HTTP, or a message that broke off. */
export const badRequest = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const id = randomUUID();
  const message = 'The request is not valid HTTP, or did not arrive whole.';
  const body = JSON.stringify({ id, message, error: { code: 400, message, type: 'invalid_request_error' } });
  socket.end(
    'HTTP/1.1 400 Bad Request\r\n' +
      'Content-Type: application/json; charset=utf-8\r\n' +
      `X-Request-ID: ${id}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
};
