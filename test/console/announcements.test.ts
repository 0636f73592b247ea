import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Tab } from '../support/browser.ts';
import { lanes, MODELS, type Stage, service, startStage } from './stage.ts';
import { PATIENCE, SOON, tabsOfTheConsole, textOf } from './tabs.ts';

const tabs = tabsOfTheConsole();
let stage: Stage;
let tab: Tab;

/** Notes what a screen reader would say by itself: the text of each live region, whenever it changes. */
const LISTEN = `
  globalThis.said = [];
  for (const region of document.querySelectorAll('[role=status], [role=alert], [role=log], [aria-live]')) {
    new MutationObserver(() => globalThis.said.push(region.textContent.trim()))
      .observe(region, { childList: true, characterData: true, subtree: true });
  }
`;
const said = (): Promise<string[]> => tab.page.evaluate('globalThis.said');

beforeEach(async () => {
  stage = await startStage();
  tab = await tabs.open(`${stage.url}/`);
  await tab.page.waitForSelector('[data-state=live]');
  await tab.page.evaluate(LISTEN);
});
afterEach(() => stage.stop());

const shows = async (used: number): Promise<void> => {
  stage.scene.lanes = lanes(() => ({ used, block: 'paused', pausedMs: 1000 * used }));
  for (const model of MODELS) stage.scene.waiting[model] = { calls: used, expectedMs: 1000 * used };
  await expect.poll(() => textOf(tab, '[data-figure=used]'), SOON).toBe(String(used));
};

describe('a screen reader', { timeout: PATIENCE }, () => {
  test('says nothing while only numbers change, and a service appears', async () => {
    for (const used of [31, 32, 33]) await shows(used);
    stage.scene.services = [service('search'), service('chatbot')];
    await tab.page.waitForSelector('tr[data-row=chatbot]');
    expect(await said()).toEqual([]);
  });

  test('says once that Redis is in trouble, however long it is', async () => {
    stage.scene.redis = { state: 'outage' };
    for (const used of [31, 32, 33]) await shows(used);
    const trouble = (await said()).filter((text) => text.includes('Redis'));
    expect(trouble).toEqual([expect.stringContaining('Redis is in trouble (outage)')]);
  });

  test('says once that the connection is lost, not each second of the wait, and that it is back', async () => {
    stage.cut();
    const waits = new Set<string>();
    await expect
      .poll(async () => waits.add(await textOf(tab, '#lost-when')).size, { ...SOON, interval: 200 })
      .toBeGreaterThan(3);
    expect(await said()).toEqual(['Connection lost']);
    stage.resume();
    await expect.poll(said, SOON).toEqual(['Connection lost', 'Live']);
  });

  test('has a name and a value for each picture', async () => {
    await shows(31);
    const names = await Promise.all(
      (await tab.page.locator('[role=img]').filter({ visible: true }).all()).map((picture) =>
        picture.getAttribute('aria-label'),
      ),
    );
    expect(names).toContain('Places of the window: as asked 31, spaced 0, by others 0 of 250');
    expect(names).toContain('Calls: at most 31 of 250 were used in the last ten minutes');
    expect(names).not.toContain(null);
  });
});
