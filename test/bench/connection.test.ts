import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from './connection.ts';

const REQUEST = Buffer.from('POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n');

describe('a connection of the load generator', () => {
  let server: Server;
  let connection: Connection;
  /** What the server does with each request. */
  let answer: (socket: Socket) => void;

  beforeEach(async () => {
    server = createServer((socket) => {
      socket.setNoDelay(true);
      socket.on('data', () => answer(socket));
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    connection = await Connection.open((server.address() as AddressInfo).port);
  });
  afterEach(() => {
    connection.close();
    server.close();
  });

  test('knows status, head and length of one answer after the other', async () => {
    const statuses = [200, 429];
    answer = (socket) =>
      socket.write(`HTTP/1.1 ${statuses.shift()} X\r\nContent-Length: 3\r\nA: b\r\n\r\nabc`);
    expect(await connection.exchange(REQUEST)).toMatchObject({ status: 200, bodyBytes: 3 });
    const second = await connection.exchange(REQUEST);
    expect(second).toMatchObject({ status: 429, bodyBytes: 3 });
    expect(second.head).toContain('A: b');
  });

  test('waits for an answer that comes byte by byte', async () => {
    const bytes = [...'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'];
    answer = (socket) => {
      const next = (): void => {
        const byte = bytes.shift();
        if (byte !== undefined) socket.write(byte, () => setImmediate(next));
      };
      next();
    };
    expect(await connection.exchange(REQUEST)).toMatchObject({ status: 200, bodyBytes: 5 });
    expect(bytes).toEqual([]);
  });

  test('takes an answer without a body', async () => {
    answer = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    expect(await connection.exchange(REQUEST)).toMatchObject({ bodyBytes: 0 });
  });

  test.each([
    ['does not say how long it is', 'HTTP/1.1 200 OK\r\n\r\n', 'without Content-Length'],
    ['is longer than it says', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc', 'longer than'],
  ])('refuses an answer that %s', async (_, text, message) => {
    answer = (socket) => socket.write(text);
    await expect(connection.exchange(REQUEST)).rejects.toThrow(message);
  });

  test('fails the exchange when the server goes away in the middle of it', async () => {
    answer = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc');
    await expect(connection.exchange(REQUEST)).rejects.toThrow('closed the connection');
    await expect(connection.exchange(REQUEST)).rejects.toThrow('is closed');
  });
});
