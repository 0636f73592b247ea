import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tab } from '../support/browser.ts';
import { COHERE, EMBED, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { differences, placesOf } from './places.ts';
import { HOSTILE, isQuiet, PATIENCE, SOON, tabsOfTheConsole, textOf } from './tabs.ts';

const tabs = tabsOfTheConsole();
let gateway: TestGateway;
beforeAll(async () => {
  // What stands in front of the upstream would refuse such texts, and they would never be shown.
  gateway = await startTestGateway({ simulator: { firewall: false } });
});
afterAll(() => gateway.stop());

const playground = (): Promise<Tab> => tabs.open(`${gateway.url}/#playground`, KEYS.search);

const ask = async (
  tab: Tab,
  { query = 'west wing', documents }: { query?: string; documents: string },
): Promise<void> => {
  await tab.page.fill('#play-query', query);
  await tab.page.fill('#play-documents', documents);
  await tab.page.click('#play-form button[type=submit]');
  await tab.page.waitForSelector('#play-result:not([aria-busy]) .headers');
};

describe('the playground', { timeout: PATIENCE }, () => {
  test('shows the ranking, what came from where, and the headers', async () => {
    const tab = await playground();
    await ask(tab, { documents: 'a slab of concrete\nthe west wing\n\nanother slab' });
    expect(await textOf(tab, '.ranking li:first-child .text')).toBe('the west wing');
    expect(await textOf(tab, '#play-words')).toMatch(
      /^200 in .*: 3 from the upstream, billed 1 search unit$/,
    );
    await ask(tab, { documents: '["the west wing", "a slab of concrete", {"text": "new"}]' });
    expect(await textOf(tab, '#play-words')).toMatch(/: 2 from memory, 1 from the upstream, billed 1/);
    expect(await textOf(tab, '.headers')).toContain('fwd=partial');
    expect(await tab.barriers()).toEqual([]);
    await isQuiet(tab);
  });

  test.each([375, 1280])('moves nothing when its answer comes, at %i pixels', async (width) => {
    const tab = await playground();
    await tab.page.setViewportSize({ width, height: 900 });
    let arrive = (): void => {};
    const held = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    await tab.page.route('**/v1/rerank', async (route) => {
      await held;
      await route.continue();
    });
    await tab.page.click('#play-form button[type=submit]');
    await expect.poll(() => textOf(tab, '#play-words'), SOON).toContain('Asking about 3 texts');
    const before = await placesOf(tab);
    arrive();
    await tab.page.waitForSelector('.ranking');
    expect(differences(before, await placesOf(tab))).toEqual([]);
  });

  test('says what is wrong with a request', async () => {
    const tab = await playground();
    await ask(tab, { query: ' ', documents: 'a' });
    expect(await textOf(tab, '#play-problem')).toContain('`query`');
  });

  test('says what is wrong with documents that are no JSON, and sends nothing', async () => {
    const tab = await playground();
    const sent: string[] = [];
    tab.page.on('request', (request) => sent.push(request.url()));
    await tab.page.fill('#play-documents', '["a", ');
    await tab.page.click('#play-form button[type=submit]');
    await expect.poll(() => textOf(tab, '#play-problem'), SOON).toContain('The documents are no JSON');
    expect(sent).toEqual([]);
  });

  test('shows hostile texts as texts, wherever they stand', async () => {
    const tab = await playground();
    const objects = HOSTILE.map((text) => ({ text, [text]: text }));
    for (const [documents, texts] of [
      [HOSTILE.join('\n'), HOSTILE],
      [JSON.stringify(objects), objects.map((object) => JSON.stringify(object))],
    ] as const) {
      await ask(tab, { query: HOSTILE[0]!, documents });
      const shown = await tab.page.locator('.ranking .text').allTextContents();
      expect(shown.sort()).toEqual([...texts].sort());
      expect(await tab.page.locator('#play-code pre').count()).toBe(3);
    }
    await tab.page.selectOption('#play-model', EMBED);
    await tab.page.fill('#play-documents', HOSTILE.join('\n'));
    await tab.page.click('#play-form button[type=submit]');
    await tab.page.waitForSelector('.matrix');
    const heads = await tab.page.locator('.matrix tbody th').allTextContents();
    expect(heads).toEqual(HOSTILE.map((text, i) => `${i + 1} ${text}`));
    await tab.page.setInputFiles('#play-file', {
      name: HOSTILE[0]!,
      mimeType: 'text/plain',
      buffer: Buffer.from(HOSTILE.join('\n')),
    });
    await expect.poll(() => tab.page.inputValue('#play-documents'), SOON).toBe(HOSTILE.join('\n'));
    await tab.page.click('.views a[href="#why"]');
    await tab.page.fill('#why-id', HOSTILE[0]!);
    await tab.page.click('#why-form button');
    await expect.poll(() => textOf(tab, '#why-problem'), SOON).toContain('knows no such request');
    expect(await tab.page.evaluate('globalThis.hit')).toBeUndefined();
    expect(await tab.page.locator('main img, main script').count()).toBe(0);
    expect(tab.strangers).toEqual([]);
    expect(await tab.breaches()).toEqual([]);
  });

  test('takes a thousand documents, and shows them when asked to', async () => {
    const tab = await playground();
    await ask(tab, { documents: Array.from({ length: 1000 }, (_, i) => `document ${i}`).join('\n') });
    expect(await tab.page.locator('.ranking li').count()).toBe(100);
    await tab.page.click('text=Show all 1,000');
    expect(await tab.page.locator('.ranking li').count()).toBe(1000);
    expect(await tab.overflow()).toBeLessThanOrEqual(0);
  });

  test('gives the request for other programs, without the key', async () => {
    const tab = await playground();
    await ask(tab, { query: "it's", documents: '[{"text": "a", "new": true, "old": null}]' });
    const codes = await tab.page.locator('#play-code pre').allTextContents();
    expect(codes[0]).toContain("it'\\''s");
    expect(codes[1]).toContain('"new": True');
    expect(codes[1]).toContain('"old": None');
    expect(codes[2]).toMatch(/Bearer \$\{key\}/);
    expect(codes.join()).not.toContain(KEYS.search);
  });

  test.each([
    [1280, 'light'],
    [375, 'dark'],
  ] as const)('shows how alike texts are, at %i pixels, %s', async (width, colorScheme) => {
    const tab = await playground();
    await tab.page.setViewportSize({ width, height: 900 });
    await tab.page.emulateMedia({ colorScheme });
    await tab.page.selectOption('#play-model', EMBED);
    expect(await tab.page.isVisible('#play-query')).toBe(false);
    await tab.page.fill('#play-documents', 'the west wing\nthe west wing of it\nconcrete');
    await tab.page.click('#play-form button[type=submit]');
    await tab.page.waitForSelector('.matrix');
    const [first = []] = await Promise.all([
      tab.page.locator('.matrix tbody tr:first-child td').allTextContents(),
    ]);
    expect(first[0]).toBe('1.00');
    expect(Number(first[1])).toBeGreaterThan(Number(first[2]));
    expect(await tab.barriers()).toEqual([]);
    expect(await tab.overflow()).toBeLessThanOrEqual(0);
    await isQuiet(tab);
  });
});

describe('why a request took so long', { timeout: PATIENCE }, () => {
  const ID = 'an-id-of-my-own-1234567890';
  const explain = async (tab: Tab): Promise<void> => {
    await tab.page.fill('#why-id', ID);
    await tab.page.click('#why-form button');
  };

  test('is told step by step: what was known, each attempt, the bill', async () => {
    gateway.simulator.fault({ kind: 'status', status: 500 });
    const answer = await gateway.rerank(
      { model: COHERE, query: 'a failing one', documents: ['a', 'b'] },
      { headers: { 'x-request-id': ID } },
    );
    expect(answer.status).toBe(200);
    const tab = await tabs.open(`${gateway.url}/#why`, KEYS.search);
    await explain(tab);
    await tab.page.waitForSelector('.waterfall');
    const steps = await tab.page.locator('.waterfall tbody th').allTextContents();
    expect(steps).toEqual(['key', 'caches', 'queue', 'attempt 1', 'queue, again', 'attempt 2']);
    const text = await textOf(tab, '#why .form');
    for (const said of ['miss (200)', 'RERANK answered 500', 'RERANK answered 200', 'billed 1 search unit'])
      expect(text).toContain(said);
    expect(await tab.barriers()).toEqual([]);
    await isQuiet(tab);
  });

  test('is told to the service that asked, and not to another', async () => {
    const tab = await tabs.open(`${gateway.url}/#why`, KEYS.chatbot);
    await explain(tab);
    await expect.poll(() => textOf(tab, '#why-problem'), SOON).toContain('knows no such request of yours');
  });
});
