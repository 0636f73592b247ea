import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const PAGE = 'https://app.example.com';

let open: TestGateway;
let closed: TestGateway;
beforeAll(async () => {
  open = await startTestGateway({ env: { CORS_ORIGINS: `${PAGE},http://localhost:5173` } });
  closed = await startTestGateway();
});
afterAll(() => Promise.all([open.stop(), closed.stop()]));

const preflight = (url: string, origin: string): Promise<Response> =>
  fetch(`${url}/v1/rerank`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });

describe('a browser', () => {
  test.each([PAGE, 'http://localhost:5173'])(
    'may call from a page of %s, which is configured',
    async (origin) => {
      const asked = await preflight(open.url, origin);
      expect(asked.status).toBe(204);
      expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
      expect(asked.headers.get('access-control-allow-headers')).toContain('authorization');
      expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
      const answer = await fetch(`${open.url}/v1/models`, { headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
    },
  );

  test('can read why it was refused', async () => {
    const answer = await fetch(`${open.url}/v1/no-such-route`, { headers: { origin: PAGE } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
  });

  test('may call from no other page, and from none by default', async () => {
    for (const [{ url }, origin] of [
      [open, 'https://evil.example.com'],
      [open, 'null'],
      [closed, PAGE],
    ] as const) {
      expect((await preflight(url, origin)).headers.get('access-control-allow-origin')).toBeNull();
      const answer = await fetch(`${url}/healthz`, { headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

describe('HEAD and OPTIONS', () => {
  test.each(['/healthz', '/readyz', '/v1/models', '/available-models'])(
    'of %s say what GET would, and what there is',
    async (path) => {
      const [head, get] = [
        await fetch(closed.url + path, { method: 'HEAD' }),
        await fetch(closed.url + path),
      ];
      expect([head.status, await head.text()]).toEqual([get.status, '']);
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
      const options = await fetch(closed.url + path, { method: 'OPTIONS' });
      expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, OPTIONS']);
    },
  );
});
