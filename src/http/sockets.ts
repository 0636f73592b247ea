/** The open connections of a server, and what may be done to them at its end. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** Connections that wait to be accepted: node asks the system for a queue of 511. */
const MOST_MADE = 511;

export class Sockets {
  readonly #server: Server;
  /** Each with its newest answer that is not over. */
  readonly #open = new Map<Socket, ServerResponse | undefined>();
  #parting = false;
  #accepted = 0;

  /** @param server that does not listen yet */
  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#accepted++;
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

  /** A request that came over it is not answered yet. */
  isBusy(socket: Socket): boolean {
    return this.#open.get(socket) !== undefined;
  }

  /** From now on the last answer of every connection tells its caller to use it no more, and node closes it then. */
  part(): void {
    this.#parting = true;
    for (const response of this.#open.values()) {
      if (response && !response.headersSent) response.setHeader('Connection', 'close');
    }
  }

  /**
   * Resolves when every connection that the system has already made is accepted here. Closing the port would reset the
   * others, which a router does not send elsewhere as it does with those that are refused.
   */
  async acceptMade(): Promise<void> {
    // Node accepts one a turn, and this turn may not have come to it. What comes meanwhile may never end: hence the bound.
    let idleTurns = 0;
    for (let turns = 0; turns < MOST_MADE && idleTurns < 2; turns++) {
      const before = this.#accepted;
      await turn();
      idleTurns = this.#accepted > before ? 0 : idleTurns + 1;
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
