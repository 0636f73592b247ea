/** The console's page, open to everybody, and the stream of its numbers, for callers with a gateway key. */

import { readFile } from 'node:fs/promises';
import type { Handler } from 'hono';
import { RerankError } from '../calls/errors.ts';
import { type Asset, SECURITY } from '../http/asset.ts';
import type { GatewayEnv } from '../http/context.ts';
import type { Live } from './live.ts';
import { MOST_RECENT, type Recent } from './recent.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SCRIPTS = [
  ...['main', 'asking', 'band', 'charts', 'connection', 'dom', 'live', 'playground', 'question', 'results'],
  ...['savings', 'snippets', 'stream', 'tables', 'views', 'waterfall', 'why', 'window', 'words'],
];

const STYLES = ['base', 'frame', 'charts', 'live', 'tables', 'forms'];

const file = (name: string): Promise<string> => readFile(new URL(`page/${name}`, import.meta.url), 'utf8');

/** @param open whether the gateway asks for no keys */
const page = (open: boolean): Asset => ({
  type: 'text/html; charset=utf-8',
  load: async () =>
    (await file('index.html')).replace('data-keys="needed"', `data-keys="${open ? 'none' : 'needed'}"`),
  headers: { 'Content-Security-Policy': POLICY },
});

const asset = (name: string, type: string): [path: string, asset: Asset] => [
  `/console/${name}`,
  { type: `${type}; charset=utf-8`, load: () => file(name) },
];

/** What is served, by its path. */
export const pages = (open: boolean): Readonly<Record<string, Asset>> => ({
  '/': page(open),
  ...Object.fromEntries([
    ...STYLES.map((name) => asset(`${name}.css`, 'text/css')),
    ...SCRIPTS.map((name) => asset(`${name}.js`, 'text/javascript')),
  ]),
});

/** Server-sent events: `history` once, a `snapshot`, and then each `change` as a JSON merge patch; `end` before it closes. */
export const stream = (live: Pick<Live, 'watch'>): Handler<GatewayEnv> =>
  function stream(c) {
    // Hono answers HEAD by GET, and would never read the stream.
    const body = c.req.method === 'HEAD' ? new ReadableStream() : live.watch(c.get('caller'));
    return c.body(body, 200, {
      ...SECURITY,
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // nginx would gather what comes before it passes it on.
      'X-Accel-Buffering': 'no',
      'X-Request-ID': c.get('record').id,
    });
  };

/** One of the last requests, by its id. */
export const passage = (recent: Pick<Recent, 'find'>): Handler<GatewayEnv> =>
  function passage(c) {
    const found = recent.find(c.req.param('id') ?? '', c.get('caller'));
    if (found === undefined) throw new RerankError('unknown_route', NOT_KNOWN);
    return c.json(found, 200, { 'Cache-Control': 'no-store', 'X-Request-ID': c.get('record').id });
  };

const NOT_KNOWN = `This process knows no such request of yours: it keeps the last ${MOST_RECENT}, and other processes theirs.`;
