/** The way to an upstream, shut at first: what is under way stays there for as long as a test likes. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Gate extends AsyncDisposable {
  readonly url: string;
  /** Lets everything through, what has come already and what comes later. */
  open(url: string): void;
}

export const shutGate = async (): Promise<Gate> => {
  let way: { readonly port: number } | undefined;
  const waiting: Socket[] = [];
  const letThrough = (socket: Socket): void => {
    const other = connect({ host: '127.0.0.1', port: way!.port });
    for (const [one, another] of [
      [socket, other],
      [other, socket],
    ] as const) {
      one.on('error', () => another.destroy()).on('close', () => another.destroy());
    }
    socket.pipe(other).pipe(socket);
  };
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    if (way) letThrough(socket);
    else waiting.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open(url) {
      way = { port: Number(new URL(url).port) };
      for (const socket of waiting.splice(0)) letThrough(socket);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      server.close();
    },
  };
};
