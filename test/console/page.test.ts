import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tab } from '../support/browser.ts';
import { COHERE, EMBED, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';
import { isQuiet, look, PATIENCE, SOON, tabsOfTheConsole, textOf } from './tabs.ts';

/** As long as a name may be; and one that objects have already. */
const LONG = 'a-service-whose-name-is-as-long-as-a-name-may-be-64-characters-x';
const ADMIN = 'admin-key-SECRET-000001';
const SERVICES = [
  `search:${KEYS.search}`,
  `chatbot:${KEYS.chatbot};rpm=2`,
  `boss:${ADMIN};admin`,
  `${LONG}:long-key-SECRET-0000001`,
  '__proto__:proto-key-SECRET-000001',
].join(',');

const tabs = tabsOfTheConsole();
const open = ({ url }: Pick<TestGateway, 'url'>, key?: string): Promise<Tab> => tabs.open(`${url}/`, key);

/** What a legend says of a part. */
const part = (tab: Tab, name: string): Promise<string> =>
  textOf(tab, `[data-model="${COHERE}"] dd[data-name="${name}"]`);

/** Asked, upstream, saved. */
const saving = (tab: Tab, of: string, model: string = COHERE): Promise<string[]> =>
  tab.page.locator(`[data-model="${model}"] tr[data-saving="${of}"] td`).allTextContents();

const cells = (tab: Tab, row: string): Promise<string[]> =>
  tab.page.locator(`tr[data-row="${row}"] > *`).allTextContents();

describe('the console', { timeout: PATIENCE }, () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ env: { GATEWAY_KEYS: SERVICES } });
  });
  afterAll(() => gateway.stop());

  const ask = (query: string, key: string = KEYS.search) =>
    gateway.rerank(
      { model: COHERE, query, documents: ['a', 'b', 'c'] },
      { headers: { authorization: `Bearer ${key}` } },
    );

  test('asks for a key, says that a wrong one is wrong, and shows nothing without', async () => {
    const tab = await open(gateway);
    expect(await tab.page.isVisible('#key-form')).toBe(true);
    expect(await tab.page.isVisible('#shown')).toBe(false);
    expect(await tab.barriers()).toEqual([]);
    await look(tab, 'not-one-of-the-gateway-s');
    await expect.poll(() => textOf(tab, '#key-problem'), SOON).toContain('not one of the gateway’s');
    for (const colorScheme of ['light', 'dark'] as const) {
      await tab.page.emulateMedia({ colorScheme });
      expect(await tab.barriers()).toEqual([]);
    }
    expect(await tab.page.evaluate('sessionStorage.length')).toBe(0);
  });

  test('says that nothing was asked yet, to one service about itself', async () => {
    const tab = await open(gateway, KEYS.chatbot);
    expect(await textOf(tab, '#notices')).toContain('No request of this service yet');
    expect(await tab.page.locator('#services tbody tr').count()).toBe(1);
    expect(await tab.page.isVisible('#fleet table')).toBe(false);
  });

  test('keeps the key in the tab, forgets it when told to, and sets no cookie', async () => {
    const tab = await open(gateway, KEYS.search);
    await tab.page.reload();
    await tab.page.waitForSelector('.model');
    await tab.page.click('#leave');
    expect(await tab.page.isVisible('#key-form')).toBe(true);
    expect(
      await tab.page.evaluate('sessionStorage.length + localStorage.length + document.cookie.length'),
    ).toBe(0);
    await isQuiet(tab);
  });

  test('shows the numbers of /metrics', async () => {
    const tab = await open(gateway, ADMIN);
    await Promise.all(Array.from({ length: 12 }, (_, i) => ask(`q${i % 7}`)));
    await Promise.all(Array.from({ length: 4 }, (_, i) => ask(`chat${i}`, KEYS.chatbot)));
    const text = await gateway.metrics();
    const requests = (labels: Record<string, string>): string =>
      String(metric(text, 'gateway_requests_total', { model: COHERE, ...labels }));
    const used = String(metric(text, 'gateway_ratelimit_used_requests', { model: COHERE }));
    expect(used).toBe('9');
    await expect.poll(() => textOf(tab, `[data-model="${COHERE}"] [data-figure=used]`), SOON).toBe(used);
    for (const [name, outcome] of [
      ['hits', 'hit'],
      ['misses', 'miss'],
      ['refused', 'rejected'],
    ] as const) {
      await expect.poll(() => part(tab, name), SOON).toBe(requests({ outcome }));
    }
    const asked = metric(text, 'gateway_documents_total', { model: COHERE });
    const paid = metric(text, 'gateway_documents_total', { model: COHERE, source: 'upstream' });
    expect(await saving(tab, 'texts')).toEqual([asked, paid, asked - paid].map(String));
    const [due, billed] = ['gateway_request_search_units_total', 'gateway_client_search_units_total'].map(
      (name) => metric(text, name, { model: COHERE }),
    ) as [number, number];
    expect([due, billed]).toEqual([14, metric(text, 'gateway_upstream_search_units_total')]);
    expect(await saving(tab, 'search units')).toEqual([`≥ ${due}`, String(billed), `≥ ${due - billed}`]);
    const [, , , all, , , quota, , refused] = await cells(tab, 'chatbot');
    expect([all, refused, quota]).toEqual([requests({ client: 'chatbot' }), '2', '0 of 2']);
    expect((await cells(tab, '__proto__'))[3]).toBe('0');
    expect((await cells(tab, LONG))[1]).toBe('20 %');
    await isQuiet(tab);
  });

  test('shows the tokens of /metrics, too', async () => {
    const tab = await open(gateway, ADMIN);
    await gateway.embed({ model: EMBED, input: ['a text of this test'] });
    const held = metric(await gateway.metrics(), 'gateway_ratelimit_used_tokens', { model: EMBED });
    expect(held).toBeGreaterThan(0);
    await expect
      .poll(() => textOf(tab, `[data-model="${EMBED}"] [data-figure=tokens]`), SOON)
      .toBe(held.toLocaleString('en-US'));
    expect(await textOf(tab, `[data-model="${EMBED}"]`)).toContain('of 800,000 tokens of the minute');
    expect(await tab.barriers()).toEqual([]);
  });

  test('shows a service what it has asked and what was billed for it, and nothing of others', async () => {
    const key = 'long-key-SECRET-0000001';
    const headers = { authorization: `Bearer ${key}` };
    for (let i = 0; i < 5; i++) await ask('of my own', key);
    await gateway.embed({ model: EMBED, input: ['a text', 'another'] }, { headers });
    const tab = await open(gateway, key);
    const text = await gateway.metrics();
    const own = (name: string): number => metric(text, `gateway_${name}`, { client: LONG });
    const [asked, billed] = [own('request_search_units_total'), own('client_search_units_total')];
    expect([asked, billed]).toEqual([5, 1]);
    expect(await saving(tab, 'search units')).toEqual(['≥ 5', '1', '≥ 4']);
    expect(own('client_tokens_total')).toBeGreaterThan(0);
    const [, tokens] = await saving(tab, 'tokens', EMBED);
    expect(tokens).toBe(String(own('client_tokens_total')));
    expect(await part(tab, 'hits')).toBe('4');
    expect(await tab.page.locator('tr[data-saving=texts]').filter({ visible: true }).count()).toBe(0);
    expect(await tab.page.locator('#services tbody tr').count()).toBe(1);
  });

  test.each([
    [1280, 'light'],
    [1280, 'dark'],
    [375, 'light'],
    [375, 'dark'],
    [3840, 'light'],
  ] as const)('has no barrier at %i pixels, %s, and fits in', async (width, colorScheme) => {
    const tab = await open(gateway, ADMIN);
    await tab.page.setViewportSize({ width, height: 900 });
    await tab.page.emulateMedia({ colorScheme });
    await tab.page.waitForSelector('.segment.asked');
    expect(await tab.barriers()).toEqual([]);
    expect(await tab.overflow()).toBeLessThanOrEqual(0);
    await isQuiet(tab);
  });

  test('says that the upstream wants to be left alone, and for how long', async () => {
    const tab = await open(gateway, KEYS.search);
    gateway.simulator.fault({ kind: 'status', status: 429, retryAfter: '6' });
    const asked = ask('a question while the upstream is paused');
    await expect
      .poll(() => textOf(tab, `[data-model="${COHERE}"] .words`), SOON)
      .toMatch(/starts in about [\d.]+ s: the upstream has asked to be left alone for [\d.]+ s/);
    expect(await textOf(tab, `[data-model="${COHERE}"] .attachments`)).toMatch(/paused for [\d.]+ m?s/);
    await asked;
  });
});

describe('the console of a gateway', { timeout: PATIENCE }, () => {
  test('without keys needs none', async () => {
    const gateway = await startTestGateway({
      env: { RERANK_URL: undefined, RERANK_KEY: undefined, GATEWAY_KEYS: undefined, NODE_ENV: 'development' },
    });
    const tab = await open(gateway);
    await tab.page.waitForSelector('.model');
    expect(await textOf(tab, '#about')).toContain('default (admin)');
    await gateway.stop();
  });

  test('that has lost Redis says so', async () => {
    await using redis = await startRedis();
    const gateway = await startTestGateway({ env: { REDIS_URL: redis.url } });
    const tab = await open(gateway, KEYS.search);
    await expect.poll(() => textOf(tab, '#about'), SOON).toContain('Redis is well');
    await redis.kill();
    await expect.poll(() => textOf(tab, '#notices'), SOON).toContain('Redis is in trouble (outage');
    expect(await tab.barriers()).toEqual([]);
    await gateway.stop();
  });

  test('that is one of a fleet tells of all processes, and of their requests together', async () => {
    await using redis = await startRedis();
    const env = { REDIS_URL: redis.url, GATEWAY_KEYS: SERVICES };
    const [one, two] = await Promise.all(
      ['web.1', 'web.2'].map((DYNO) => startTestGateway({ env: { ...env, DYNO } })),
    );
    for (const gateway of [one!, two!]) await gateway.rerank({ model: COHERE, query: 'q', documents: ['a'] });
    const tab = await open(one!, ADMIN);
    const rows = async () => (await tab.page.locator('#fleet tbody tr').allTextContents()).sort();
    // A process tells the others how it is every few seconds.
    await expect
      .poll(rows, SOON)
      .toEqual([expect.stringMatching(/^web\.1.*shared$/), expect.stringMatching(/^web\.2.*shared$/)]);
    await expect.poll(async () => (await cells(tab, 'search'))[3], SOON).toBe('2');
    expect(metric(await one!.metrics(), 'gateway_requests_total', { client: 'search' })).toBe(2);
    await Promise.all([one!.stop(), two!.stop()]);
  });

  test('that shuts down says so, and the page comes back with the next one', async () => {
    const first = await startTestGateway();
    const tab = await open(first, KEYS.search);
    await first.stop();
    await expect
      .poll(() => textOf(tab, '#lost'), SOON)
      .toMatch(/(This process is shutting down|The connection is lost)\.\s*Next attempt/);
    expect(await textOf(tab, '#state-text')).toBe('Connection lost');
    expect(await tab.page.isVisible('#retry')).toBe(true);
    expect(await tab.barriers()).toEqual([]);
    const next = await startTestGateway({ env: { PORT: String(first.gateway.port) } });
    await tab.page.click('#retry');
    await expect.poll(() => textOf(tab, '#state-text'), SOON).toBe('Live');
    await next.stop();
  });
});

test('its page and files may load nothing from elsewhere, and nothing inline', async () => {
  const gateway = await startTestGateway();
  const { headers } = await fetch(`${gateway.url}/`);
  const policy = headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect([headers.get('x-content-type-options'), headers.get('referrer-policy')]).toEqual([
    'nosniff',
    'no-referrer',
  ]);
  expect(headers.get('set-cookie')).toBeNull();
  await gateway.stop();
});
