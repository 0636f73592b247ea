import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { badRequest } from '../../src/http/client-error.ts';
import type { RequestRecord } from '../../src/http/context.ts';
import { until } from '../support/fakes.ts';

let server: Server;
const records: RequestRecord[] = [];
beforeAll(async () => {
  server = createServer((_, res) => res.end('fine'));
  server.on(
    'clientError',
    badRequest((record) => records.push(record)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const dial = () => connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8');

/** Everything that is answered to these bytes, until the connection ends. */
const answerTo = async (bytes: string): Promise<string> => {
  const socket = dial();
  socket.write(bytes);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
};

describe('what is not HTTP', () => {
  test.each<[what: string, bytes: string, status?: number]>([
    ['other words', 'HELLO there\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['headers without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}`, 431],
  ])('gets the one error body that all clients read: %s', async (_, bytes, status = 400) => {
    records.length = 0;
    const [head = '', body = ''] = (await answerTo(bytes)).split('\r\n\r\n');
    expect(head).toMatch(
      status === 400 ? /^HTTP\/1\.1 400 Bad Request\r\n/ : /^HTTP\/1\.1 431 Request Header/,
    );
    expect(head).toMatch(/\r\nconnection: close(\r\n|$)/i);
    expect(head.toLowerCase()).toContain(`\r\ncontent-length: ${Buffer.byteLength(body)}`);
    expect(records).toMatchObject([{ status, outcome: 'invalid' }]);
    const { id, message } = JSON.parse(body) as { id: string; message: string };
    expect(head.toLowerCase()).toContain(`\r\nx-request-id: ${id}`);
    expect(JSON.parse(body)).toEqual({
      id,
      message,
      error: { code: status, message, type: 'invalid_request_error' },
    });
  });
});

test('a caller that is gone gets nothing, and the next one is served', async () => {
  const socket = dial();
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf of');
  socket.resetAndDestroy();
  await until(() => socket.destroyed);
  const answer = await answerTo('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});
