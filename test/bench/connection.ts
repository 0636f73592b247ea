/**
 * A kept connection that sends ready bytes and reads no more of an answer than it must: its head, and how long it is.
 * An HTTP client would cost more than the servers that are measured.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly bodyBytes: number;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

const HEAD_END = '\r\n\r\n';

export class Connection {
  readonly #socket: Socket;
  #waiting: Waiting | undefined;
  #pending: Buffer = Buffer.alloc(0);
  #reply: Reply | undefined;
  /** Bytes of the answer's body still to come. */
  #missing = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The server closed the connection.')));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Connection(socket);
  }

  /** Sends a request and resolves with its whole answer; one at a time. */
  exchange(request: Buffer | readonly Buffer[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) throw new Error('The connection is closed.');
      this.#waiting = { resolve, reject };
      if (Array.isArray(request)) this.#writeAll(request);
      else this.#socket.write(request as Buffer);
    });
  }

  #writeAll(pieces: readonly Buffer[]): void {
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#reply === undefined) {
      this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
      const headEnd = this.#pending.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = this.#pending.toString('latin1', 0, headEnd);
      const bodyBytes = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
      if (Number.isNaN(bodyBytes)) {
        this.#break('An answer without Content-Length.');
        return;
      }
      this.#reply = { status: Number(head.slice(9, 12)), head, bodyBytes };
      this.#missing = bodyBytes - (this.#pending.length - headEnd - HEAD_END.length);
      this.#pending = Buffer.alloc(0);
    } else {
      this.#missing -= chunk.length;
    }
    if (this.#missing > 0) return;
    if (this.#missing < 0) {
      this.#break('An answer longer than its Content-Length.');
      return;
    }
    const reply = this.#reply;
    const waiting = this.#waiting;
    this.#reply = undefined;
    this.#waiting = undefined;
    waiting?.resolve(reply);
  }

  #break(message: string): void {
    this.#fail(new Error(message));
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
