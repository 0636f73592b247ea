/** Pages of the console in a real browser, closed after each test: each keeps a connection, and a browser has six for a server. */

import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Browser, startBrowser, type Tab } from '../support/browser.ts';

export const PATIENCE = 120_000;

/** A page is told something each second, and less often by a process that is busy; it comes back to one within half a minute. */
export const SOON = { timeout: 30_000 };

/** Each would set `hit` if it were read as markup. */
export const HOSTILE = [
  '<img src=x onerror="globalThis.hit=1">',
  '"><script>globalThis.hit=1</script>',
  '<svg onload=globalThis.hit=1>',
  "javascript:globalThis.hit=1//'",
] as const;

/** To be called once in a file. */
export const tabsOfTheConsole = () => {
  let browser: Browser;
  const tabs: Tab[] = [];
  beforeAll(async () => {
    browser = await startBrowser();
  }, PATIENCE);
  afterEach(async () => {
    for (const { page } of tabs.splice(0)) await page.close();
  });
  afterAll(() => browser?.[Symbol.asyncDispose]());

  /** @param key undefined: none is given */
  const open = async (url: string, key?: string): Promise<Tab> => {
    const tab = await browser.open(url);
    tabs.push(tab);
    if (key === undefined) return tab;
    await look(tab, key);
    await tab.page.waitForSelector('.model', { state: 'attached' });
    return tab;
  };
  return { open };
};

export const look = async ({ page }: Tab, key: string): Promise<void> => {
  await page.fill('#key', key);
  await page.click('#key-form button');
};

export const textOf = async ({ page }: Tab, selector: string): Promise<string> =>
  (await page.locator(selector).first().textContent()) ?? '';

/** It has asked nobody else, broken no policy, and complained of nothing. */
export const isQuiet = async (tab: Tab): Promise<void> => {
  expect(tab.strangers).toEqual([]);
  expect(await tab.breaches()).toEqual([]);
  expect(tab.complaints).toEqual([]);
};
