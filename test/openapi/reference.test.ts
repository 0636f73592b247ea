import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Browser, startBrowser, type Tab } from '../support/browser.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const PATIENCE = 120_000;

/** Whatever opens more of the page; of schemas in answers only those that differ, since errors share one. */
const OPENERS = [
  '.opblock-summary-control[aria-expanded=false]',
  ':is(.opblock-section-request-body, [data-code="200"]) button[data-name=model][aria-selected=false]',
  '.models-control[aria-expanded=false]',
  '.json-schema-2020-12-accordion[aria-expanded=false]',
];

let gateway: TestGateway;
let browser: Browser;
let tab: Tab;
beforeAll(async () => {
  gateway = await startTestGateway();
  browser = await startBrowser();
  tab = await browser.open(`${gateway.url}/docs`);
  await tab.page.waitForSelector('.opblock');
}, PATIENCE);
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await gateway.stop();
});

/** @returns how many parts it has opened */
const openEverything = async ({ page }: Tab): Promise<number> => {
  let opened = 0;
  for (const opener of OPENERS) {
    for (;;) {
      const clicked = await page.evaluate((selector) => {
        const { document } = globalThis as unknown as {
          document: { querySelectorAll(s: string): Iterable<{ click(): void }> };
        };
        const buttons = [...document.querySelectorAll(selector)];
        for (const button of buttons) button.click();
        return buttons.length;
      }, opener);
      if (clicked === 0) break;
      opened += clicked;
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))');
    }
  }
  return opened;
};

describe('the reference page, in a browser that reaches this machine only,', () => {
  test('tells of every route', async () => {
    const { paths } = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as { paths: object };
    const shown = await tab.page.locator('.opblock-summary-path').allTextContents();
    // Where a line may break, it has an invisible character.
    expect(shown.map((path) => path.replaceAll('\u200b', '')).sort()).toEqual(Object.keys(paths).sort());
  });

  test('can be opened in all its parts', { timeout: PATIENCE }, async () => {
    expect(await openEverything(tab)).toBeGreaterThan(50);
    const text = await tab.page.locator('main').textContent();
    for (const said of ['only-if-cached', 'Retry-After', 'rank_fields', 'May be left out']) {
      expect(text).toContain(said);
    }
  });

  test.each([
    [1280, 'light'],
    [375, 'light'],
    [375, 'dark'],
    [1280, 'dark'],
  ] as const)(
    'has no barrier at %i pixels, %s, and fits in',
    { timeout: PATIENCE },
    async (width, colorScheme) => {
      await tab.page.setViewportSize({ width, height: 900 });
      await tab.page.emulateMedia({ colorScheme });
      const isDark = () => tab.page.evaluate('document.documentElement.classList.contains("dark-mode")');
      await expect.poll(isDark).toBe(colorScheme === 'dark');
      expect(await tab.barriers()).toEqual([]);
      expect(await tab.overflow()).toBeLessThanOrEqual(0);
    },
  );

  test('has asked nobody else, broken no policy, and complained of nothing', async () => {
    expect(tab.strangers).toEqual([]);
    expect(await tab.breaches()).toEqual([]);
    expect(tab.complaints).toEqual([]);
  });
});

test('its policy allows no inline script or style, and no eval', async () => {
  const { headers } = await fetch(`${gateway.url}/docs`);
  const policy = headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
});
