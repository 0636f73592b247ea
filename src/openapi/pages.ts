/** `/openapi.json`, and `/docs`: the same as a page, by Swagger UI, from this server alone. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Schema } from '../endpoints/description.ts';
import type { Asset } from '../http/asset.ts';

const { resolve } = createRequire(import.meta.url);

/** Swagger UI's icons are `data:` URLs in its stylesheet. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Rerank gateway: API reference</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="stylesheet" href="/docs/reference.css">
    <script src="/docs/swagger-ui-bundle.js" defer></script>
    <script src="/docs/reference.js" defer></script>
  </head>
  <body>
    <div id="reference"></div>
    <noscript>This page needs JavaScript. <a href="/openapi.json">The description itself</a> does not.</noscript>
  </body>
</html>
`;

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

const library = (name: string, type: string): Asset => ({
  type,
  load: () => readFile(resolve(`swagger-ui-dist/${name}`)),
});

const own = (name: string, type: string): Asset => ({
  type,
  load: () => readFile(new URL(`page/${name}`, import.meta.url)),
});

/** What is served, by its path. */
export const pages = (document: Schema): Readonly<Record<string, Asset>> => ({
  '/openapi.json': { type: 'application/json', load: () => JSON.stringify(document) },
  '/docs': {
    type: 'text/html; charset=utf-8',
    load: () => PAGE,
    headers: { 'Content-Security-Policy': POLICY },
  },
  '/docs/swagger-ui.css': library('swagger-ui.css', STYLE),
  '/docs/swagger-ui-bundle.js': library('swagger-ui-bundle.js', SCRIPT),
  '/docs/reference.css': own('reference.css', STYLE),
  '/docs/reference.js': own('reference.js', SCRIPT),
});
