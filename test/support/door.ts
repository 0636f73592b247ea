/** A port whose other side can be changed while connections stand: a failover, or something there that is no Redis at all. */

import { connect, createServer, type Server, type Socket } from 'node:net';

/** A port of this machine, or what is done to whoever comes: see `STRANGERS`. */
export type Beyond = number | keyof typeof STRANGERS;

const STRANGERS = {
  closes: (socket: Socket) => void socket.destroy(),
  'never answers': () => {},
  'is no Redis': (socket: Socket) => void socket.write('\u0000\u0001 220 mail.example.org ready\r\n'),
  'is a web server': (socket: Socket) =>
    void socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')),
};

export interface Door extends AsyncDisposable {
  readonly port: number;
  /** Connections that have come in so far. */
  readonly count: number;
  /** Where connections lead from now on; those that stand stay where they are. */
  lead(beyond: Beyond): void;
  /** Ends all that stand. */
  cut(): void;
}

export const openDoor = async (first: Beyond): Promise<Door> => {
  let beyond = first;
  let count = 0;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server: Server = createServer((socket) => {
    count++;
    keep(socket);
    if (typeof beyond !== 'number') return STRANGERS[beyond](socket);
    const other = keep(connect(beyond, '127.0.0.1'));
    socket.on('close', () => other.destroy());
    other.on('close', () => socket.destroy());
    socket.pipe(other).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    get count() {
      return count;
    },
    lead(to) {
      beyond = to;
    },
    cut,
    async [Symbol.asyncDispose]() {
      server.close();
      cut();
    },
  };
};
