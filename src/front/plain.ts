/** Requests that can be answered without the app: those of which it would see nothing but what stands here. */

import type { IncomingMessage } from 'node:http';

/** Ways in which clients name an endpoint's route; whatever else the app understands, it is asked for. */
const PATHS: ReadonlyMap<string, string> = new Map(
  ['rerank', 'embeddings'].flatMap((name) =>
    ['/v1/', '/v2/', '/'].map((base) => [`${base}${name}`, `/v1/${name}`] as const),
  ),
);

export interface PlainRequest {
  /** Of the endpoint. */
  readonly path: string;
  readonly authorization: string | undefined;
  /** Bytes of the body. */
  readonly length: number;
  /** Nothing but its bytes and its sender make its answer. */
  readonly repeatable: boolean;
}

/** Undefined for a request that is for the app to understand. */
export const plainRequest = ({
  method,
  url = '',
  headers,
  rawHeaders,
}: IncomingMessage): PlainRequest | undefined => {
  const path = method === 'POST' ? PATHS.get(url) : undefined;
  if (path === undefined) return undefined;
  const length = Number(headers['content-length'] ?? 0);
  if (!(length > 0) || tellsMore(headers)) return undefined;
  if (!isNamedOnce(rawHeaders)) return undefined;
  const repeatable = headers['cache-control'] === undefined;
  return { path, authorization: headers.authorization, length, repeatable };
};

/** Whether more is to be done or said than to answer. By name, which engines look up in no time. */
const tellsMore = (headers: IncomingMessage['headers']): boolean =>
  headers['content-encoding'] !== undefined ||
  headers.expect !== undefined ||
  // Of a page in a browser, which may be told more headers.
  headers.origin !== undefined ||
  headers['transfer-encoding'] !== undefined ||
  headers.upgrade !== undefined;

const AUTHORIZATION = 'authorization';

/** Of several keys node takes the first, and the app none. */
const isNamedOnce = (rawHeaders: readonly string[]): boolean => {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) count++;
  }
  return count <= 1;
};
