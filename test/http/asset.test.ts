import { gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { type Asset, serve } from '../../src/http/asset.ts';

const TEXT = 'the same for everyone';

const asking = (over: Partial<Asset> = {}) => {
  const app = new Hono();
  app.onError((_, c) => c.text('', 500));
  app.get('/it', serve({ type: 'text/css; charset=utf-8', load: () => TEXT, ...over }));
  return (headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    Promise.resolve(app.request('/it', { method, headers }));
};

describe('an answer that is the same for everyone', () => {
  test('comes with its type, a version to ask for, and what keeps browsers from guessing', async () => {
    const answer = await asking({ headers: { 'X-More': '1' } })();
    expect([answer.status, await answer.text()]).toEqual([200, TEXT]);
    expect(Object.fromEntries(answer.headers)).toEqual({
      'cache-control': 'no-cache',
      'content-type': 'text/css; charset=utf-8',
      etag: expect.stringMatching(/^"[\w-]{22}"$/),
      'referrer-policy': 'no-referrer',
      vary: 'Accept-Encoding',
      'x-content-type-options': 'nosniff',
      'x-more': '1',
    });
  });

  test('is compressed for those who can read that, as another version', async () => {
    const ask = asking();
    const zipped = await ask({ 'accept-encoding': 'br, gzip;q=0.5' });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(Buffer.from(await zipped.arrayBuffer())).toString()).toBe(TEXT);
    expect(zipped.headers.get('etag')).not.toBe((await ask()).headers.get('etag'));
  });

  test.each(['br', 'gzip;q=0', 'gzip; q=0.0, br', ''])('is not compressed for %j', async (accepted) => {
    const answer = await asking()({ 'accept-encoding': accepted });
    expect([answer.headers.get('content-encoding'), await answer.text()]).toEqual([null, TEXT]);
  });

  test('is not sent again to those who have it', async () => {
    const ask = asking();
    const tag = (await ask()).headers.get('etag')!;
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const answer = await ask({ 'if-none-match': header });
      expect([answer.status, await answer.text(), answer.headers.get('etag')]).toEqual([304, '', tag]);
    }
    expect((await ask({ 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('has another version when it is another', async () => {
    const [one, other] = await Promise.all([asking()(), asking({ load: () => 'another' })()]);
    expect(one.headers.get('etag')).not.toBe(other.headers.get('etag'));
  });

  test('is loaded once, when somebody asks, and again only if that failed', async () => {
    let loads = 0;
    const ask = asking({
      load() {
        if (++loads === 1) throw new Error('not this time');
        return TEXT;
      },
    });
    expect(loads).toBe(0);
    expect((await ask()).status).toBe(500);
    await Promise.all([ask(), ask()]);
    expect(await (await ask()).text()).toBe(TEXT);
    expect(loads).toBe(2);
  });
});
