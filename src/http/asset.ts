/** Answers that are the same for everyone: browsers keep them, and ask whether they are still current (RFC 9110 §13.1.2). */

import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Handler } from 'hono';

export interface Asset {
  readonly type: string;
  /** Called at most once, when somebody asks for it. */
  load(): Promise<string | Buffer> | string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export const SECURITY = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' };

const compress = promisify(gzip);

interface Loaded {
  readonly tag: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly zipped: Uint8Array<ArrayBuffer>;
}

const prepared = async ({ load }: Asset): Promise<Loaded> => {
  const plain = Buffer.from(await load());
  const zipped = Buffer.from(await compress(plain));
  return { tag: hash('sha256', plain, 'base64url').slice(0, 22), plain, zipped };
};

const isCurrent = (header: string | undefined, tag: string): boolean =>
  (header ?? '').split(',').some((each) => ['*', tag].includes(each.trim().replace(/^W\//, '')));

const takesGzip = (header: string | undefined): boolean =>
  /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(header ?? '');

/** Answers with an asset, compressed for those who can read that. */
export const serve = (asset: Asset): Handler => {
  let loaded: Promise<Loaded> | undefined;
  return async function serve(c) {
    loaded ??= prepared(asset);
    const { tag, plain, zipped } = await loaded.catch((thrown) => {
      loaded = undefined;
      throw thrown;
    });
    const isZipped = takesGzip(c.req.header('accept-encoding'));
    const etag = isZipped ? `"${tag}-gzip"` : `"${tag}"`;
    const headers = {
      ...SECURITY,
      ...asset.headers,
      ETag: etag,
      'Cache-Control': 'no-cache',
      Vary: 'Accept-Encoding',
    };
    if (isCurrent(c.req.header('if-none-match'), etag)) return c.body(null, 304, headers);
    const encoding = isZipped ? { 'Content-Encoding': 'gzip' } : undefined;
    return c.body(isZipped ? zipped : plain, 200, { ...headers, ...encoding, 'Content-Type': asset.type });
  };
};
