/** The open connections of a server, and what may be done to them at its end. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export class Sockets {
  readonly #server: Server;
  /** Each with its newest answer that is not over. */
  readonly #open = new Map<Socket, ServerResponse | undefined>();
  #parting = false;

  /** @param server that does not listen yet */
  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#open.set(socket, undefined);
      socket.once('close', () => this.#open.delete(socket));
    });
    // Before the listener that answers.
    server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      const before = this.#open.get(socket);
      this.#open.set(socket, response);
      response.once('close', () => {
        if (this.#open.get(socket) === response) this.#open.set(socket, undefined);
      });
      if (!this.#parting) return;
      // What was sent behind a request without waiting for its answer would be lost with the connection.
      if (before && !before.headersSent) before.removeHeader('Connection');
      response.setHeader('Connection', 'close');
    });
  }

  /** From now on the last answer of every connection tells its caller to use it no more, and node closes it then. */
  part(): void {
    this.#parting = true;
    for (const response of this.#open.values()) {
      if (response && !response.headersSent) response.setHeader('Connection', 'close');
    }
  }

  /** Closes what carries no request, and what has never sent a byte: to node that is not idle. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
    for (const socket of this.#open.keys()) if (socket.bytesRead === 0) socket.destroy();
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}
