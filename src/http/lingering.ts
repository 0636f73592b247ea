/**
 * Closes a connection so that its answer arrives even if it was sent before the whole request had come, as for a body that
 * is too large. If a connection with unread bytes is closed at once, the system sends a reset, which overtakes the answer:
 * many clients then see a broken connection instead of a 413.
 *
 * So our side is closed first, and whatever still comes is read and discarded for a moment (RFC 9112 §9.6).
 */

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** Megabytes are sent within a second or two; a client that sends for longer does not read the answer. */
const LINGER_MS = 2000;

/** To be called before there is a listener that answers. */
export const closeLingering = (server: Server, lingerMs = LINGER_MS): void => {
  /** The newest request of each connection. */
  const newest = new WeakMap<Socket, IncomingMessage>();
  server.prependListener('request', (request: IncomingMessage) => {
    newest.set(request.socket, request);
  });
  server.on('connection', (socket) => {
    const { destroySoon } = socket;
    // Node calls this when the last answer of a connection is written.
    socket.destroySoon = () => {
      if (newest.get(socket)?.complete !== false || socket.destroyed) {
        destroySoon.call(socket);
        return;
      }
      const end = (): void => void socket.destroy();
      const timer = setTimeout(end, lingerMs).unref();
      socket.once('end', end).once('close', () => clearTimeout(timer));
      socket.end();
    };
  });
};
