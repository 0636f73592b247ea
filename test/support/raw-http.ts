/** HTTP by hand over a bare socket, for what no client library lets one do: stop half-way, and see every byte. */

import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawConnection {
  readonly socket: Socket;
  /** Resolves when the bytes are handed to the kernel, or the connection is gone. */
  write(data: string | Buffer): Promise<void>;
  /** The next whole answer; rejects when the connection ends or fails before it is complete. */
  answer(): Promise<RawAnswer>;
  /** Everything received so far and not yet taken as an answer. */
  received(): string;
  /** Resolves once the other side has closed the connection, in whatever way. */
  closed(): Promise<void>;
}

/** The head of a request for `POST /v1/rerank`, with the blank line that ends it. */
export const requestHead = (headers: Readonly<Record<string, string>>, path = '/v1/rerank'): string =>
  `POST ${path} HTTP/1.1\r\nHost: gateway.test\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

/** @param url base URL whose host and port are connected to */
export const openRaw = async (url: string): Promise<RawConnection> => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let buffer = Buffer.alloc(0);
  let end: Error | undefined;
  const changed = new EventTarget();
  const change = (): void => void changed.dispatchEvent(new Event('change'));
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    change();
  });
  socket.on('error', (error) => {
    end ??= error;
    change();
  });
  for (const event of ['end', 'close'] as const) {
    socket.on(event, () => {
      end ??= new Error('The connection ended.');
      change();
    });
  }
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });

  const next = (): Promise<void> =>
    new Promise((resolve) => changed.addEventListener('change', () => resolve(), { once: true }));

  return {
    socket,
    write: (data) => new Promise((resolve) => socket.write(data, () => resolve())),
    received: () => buffer.toString('latin1'),
    async answer() {
      for (;;) {
        const taken = take(buffer);
        if (taken !== undefined) {
          buffer = Buffer.from(buffer.subarray(taken.length));
          return taken.answer;
        }
        if (end !== undefined) throw end;
        await next();
      }
    },
    async closed() {
      while (end === undefined) await next();
      socket.destroy();
    },
  };
};

/** The first answer in these bytes and how many of them it takes; undefined while it is incomplete. */
const take = (bytes: Buffer): { answer: RawAnswer; length: number } | undefined => {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const status = Number(statusLine.split(' ')[1]);
  const start = headEnd + 4;
  // An interim answer (1xx) has no body; the gateway declares the length of every other.
  const length = start + (status < 200 ? 0 : Number(headers['content-length']));
  if (Number.isNaN(length)) throw new Error('An answer without Content-Length.');
  if (bytes.length < length) return undefined;
  return { answer: { status, headers, body: bytes.toString('utf8', start, length) }, length };
};
