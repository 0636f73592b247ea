/**
 * The easy version of this gateway, as one writes it in an afternoon: whoever has a key is answered from a cache of whole
 * answers, by a SHA-256 of the body's text; everything else goes upstream. It has no limits, no queue, no metrics, and the same
 * question in another order is another one.
 */

import { createHash } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import { LRUCache } from 'lru-cache';

const { PORT, GATEWAY_KEY = '', RERANK_URL, RERANK_KEY } = process.env;
const answers = new LRUCache<string, string>({
  maxSize: 64 * 1024 * 1024,
  sizeCalculation: (text) => text.length,
});

const app = new Hono();
app.use(bearerAuth({ token: GATEWAY_KEY }));
app.post('/v1/rerank', async (c) => {
  const body = await c.req.text();
  const key = createHash('sha256').update(body).digest('base64url');
  const known = answers.get(key);
  if (known !== undefined) {
    return c.body(known, 200, { 'Content-Type': 'application/json', 'Cache-Status': 'easy; hit' });
  }
  const reply = await fetch(`${RERANK_URL}/v1/rerank`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${RERANK_KEY}`, 'Content-Type': 'application/json' },
    body,
  });
  const text = await reply.text();
  if (reply.ok) answers.set(key, text);
  const headers = { 'Content-Type': 'application/json', 'Cache-Status': 'easy; fwd=miss; stored' };
  return new Response(text, { status: reply.status, headers });
});
serve({
  fetch: app.fetch,
  port: Number(PORT),
  hostname: '127.0.0.1',
  // Between two rounds of its own a connection is idle for as long as the others' take.
  serverOptions: { keepAliveTimeout: 95_000 },
});
