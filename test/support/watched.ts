/** Looks over the shoulder of a server in this process: every answer that it sends is held against its API description. */

import { subscribe } from 'node:diagnostics_channel';
import { get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, conformity } from './conformity.ts';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

export interface Watch {
  /** Throws when an answer was not as described. */
  stop(): void;
}

const judges = new Map<string, (answer: Answer) => string[]>();
const watched = new Map<number, (answer: Answer) => void>();

const textOf = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      resolve(Buffer.concat(chunks).toString());
    }).on('error', reject);
  });

/** The head as it was sent, whichever way it was given. */
const headersOf = (response: ServerResponse): Map<string, string> => {
  const { _header: head } = response as unknown as { readonly _header: string };
  const lines = head.trimEnd().split('\r\n').slice(1);
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
};

subscribe('http.server.request.start', (message) => {
  const { request, response, server } = message as Exchange;
  const tell = watched.get((server.address() as AddressInfo | null)?.port ?? 0);
  if (tell === undefined) return;
  const chunks: Buffer[] = [];
  for (const method of ['write', 'end'] as const) {
    const original = response[method] as (...words: unknown[]) => never;
    response[method] = (...words: unknown[]) => {
      const [chunk, encoding] = words;
      if (typeof chunk === 'string') chunks.push(Buffer.from(chunk, encoding as BufferEncoding | undefined));
      else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
      return original.apply(response, words);
    };
  }
  response.once('finish', () =>
    tell({
      method: request.method ?? '',
      url: request.url ?? '/',
      status: response.statusCode,
      headers: headersOf(response),
      body: Buffer.concat(chunks),
    }),
  );
});

/** Bytes of answers that are kept at most before they are looked at. */
const MOST_BYTES = 32 * 1024 * 1024;

/** @param name the same for servers of the same description */
export const watch = async (url: string, name: string): Promise<Watch> => {
  const judge = judges.get(name) ?? conformity(JSON.parse(await textOf(`${url}/openapi.json`)));
  judges.set(name, judge);
  const complaints = new Set<string>();
  let sent: Answer[] = [];
  let bytes = 0;
  const look = (): void => {
    for (const answer of sent) for (const complaint of judge(answer)) complaints.add(complaint);
    [sent, bytes] = [[], 0];
  };
  const port = Number(new URL(url).port);
  // Looked at in the end: a look takes up to a tenth of a second, in which the server would stand still.
  watched.set(port, (answer) => {
    sent.push(answer);
    bytes += answer.body.length;
    if (bytes > MOST_BYTES) look();
  });
  return {
    stop() {
      watched.delete(port);
      look();
      if (complaints.size > 0) throw new Error(`not as described:\n${[...complaints].join('\n')}`);
    },
  };
};
