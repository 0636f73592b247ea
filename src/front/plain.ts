/** Requests that can be answered without the app: those in which nothing but their bytes and their sender make the answer. */

import type { IncomingMessage } from 'node:http';

/** Ways in which clients name the route; whatever else the app understands, it is asked for. */
const PATHS: ReadonlySet<string> = new Set(['/v1/rerank', '/v2/rerank', '/rerank']);

/** Where one of these stands, the answer may be another, or is not to be given before something else was said. */
const TELLING = [
  'cache-control',
  'content-encoding',
  'expect',
  // Of a page in a browser, which may be told more headers.
  'origin',
  'transfer-encoding',
  'upgrade',
] as const;

export interface PlainRequest {
  readonly authorization: string | undefined;
  /** Bytes of the body. */
  readonly length: number;
}

/** Undefined for a request that is for the app to understand. */
export const plainRequest = ({
  method,
  url,
  headers,
  rawHeaders,
}: IncomingMessage): PlainRequest | undefined => {
  if (method !== 'POST' || !PATHS.has(url ?? '')) return undefined;
  const length = Number(headers['content-length'] ?? 0);
  if (!(length > 0) || TELLING.some((name) => headers[name] !== undefined)) return undefined;
  return isNamedOnce(rawHeaders) ? { authorization: headers.authorization, length } : undefined;
};

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
