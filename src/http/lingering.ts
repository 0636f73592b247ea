/**
 * Closes a connection in such a way that an answer arrives that was given before the whole request had come: one that is
 * too large, or that there is no room for. Closed at once, with bytes of the request unread, the system answers with a
 * reset, which overtakes the answer; many clients then see a broken connection in place of a 413.
 *
 * So: the end of what we say first, then whatever still comes is read and thrown away for a moment (RFC 9112 §9.6).
 */

import type { IncomingMessage, Server } from 'node:http';

/** Megabytes are sent within a second or two; whoever sends for longer does not listen. */
const LINGER_MS = 2000;

/** To be called before there is a listener that answers. */
export const closeLingering = (server: Server, lingerMs = LINGER_MS): void => {
  server.prependListener('request', (request: IncomingMessage) => {
    const { socket } = request;
    const destroySoon = Object.getPrototypeOf(socket).destroySoon as typeof socket.destroySoon;
    // What node calls when the last answer of a connection is written.
    socket.destroySoon = () => {
      if (request.complete || socket.destroyed) {
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
