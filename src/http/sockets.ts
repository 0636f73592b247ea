/** The open connections of a server, and how they are closed when it drains. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** The most connections that can wait to be accepted: node's backlog is 511. */
const MOST_MADE = 511;

export class Sockets {
  readonly #server: Server;
  /** Each connection with its newest answer, which may be finished: then it holds no bytes any more. */
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
      if (!this.#parting) return;
      // Closing after the earlier answer would lose this request, which was sent without waiting for it.
      if (before && !before.headersSent) before.removeHeader('Connection');
      response.setHeader('Connection', 'close');
    });
  }

  /** Whether a request that came over the connection is not answered yet. */
  isBusy(socket: Socket): boolean {
    return this.#open.get(socket)?.closed === false;
  }

  /** From now on the last answer of every connection has `Connection: close`, and node closes it afterwards. */
  part(): void {
    this.#parting = true;
    for (const response of this.#open.values()) {
      if (response && !response.headersSent) response.setHeader('Connection', 'close');
    }
  }

  /**
   * Resolves when every connection that the system has already established is accepted here. Closing the port would reset
   * the others, and a router does not retry a reset connection elsewhere, as it does a refused one.
   */
  async acceptMade(): Promise<void> {
    // Node accepts one connection a turn, so a turn without one may be chance. New ones may never end: hence the bound.
    let idleTurns = 0;
    for (let turns = 0; turns < MOST_MADE && idleTurns < 2; turns++) {
      const before = this.#accepted;
      await turn();
      idleTurns = this.#accepted > before ? 0 : idleTurns + 1;
    }
  }

  /** Closes connections without a request, including those that have never sent a byte: node does not count these as idle. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
    for (const socket of this.#open.keys()) if (socket.bytesRead === 0) socket.destroy();
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}
