import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tab } from '../support/browser.ts';
import { COHERE, EMBED, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { bothWays, focused, nameOfFocus, reach } from './focus.ts';
import { startStage } from './stage.ts';
import { isQuiet, PATIENCE, SOON, tabsOfTheConsole, textOf } from './tabs.ts';

const tabs = tabsOfTheConsole();
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    env: { GATEWAY_KEYS: `search:${KEYS.search};admin,chatbot:${KEYS.chatbot}` },
  });
});
afterAll(() => gateway.stop());

const press = async ({ page }: Tab, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};

const snapshots = async (tab: Tab, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    await tab.page.evaluate(`new Promise((resolve) => {
      const observer = new MutationObserver(() => (observer.disconnect(), resolve()));
      observer.observe(document.querySelector('.model .plot.tall'), { attributes: true, subtree: true });
    })`);
  }
};

/** Past the key, by keyboard alone. */
const enter = async (view = ''): Promise<Tab> => {
  const tab = await tabs.open(`${gateway.url}/${view}`);
  await reach(tab, 'key');
  await tab.page.keyboard.type(KEYS.search);
  await press(tab, 'Enter');
  await tab.page.waitForSelector('.model', { state: 'attached' });
  return tab;
};

describe('by keyboard alone', { timeout: PATIENCE }, () => {
  test('one gives a key, gives another when it was wrong, and takes it back', async () => {
    const tab = await tabs.open(`${gateway.url}/`);
    await reach(tab, 'key');
    await tab.page.keyboard.type('not-one-of-the-gateway-s');
    await press(tab, 'Enter');
    await expect.poll(() => textOf(tab, '#key-problem'), SOON).toContain('not one of the gateway’s');
    expect(await nameOfFocus(tab)).toBe('key');
    await tab.page.keyboard.type(KEYS.search);
    await press(tab, 'Tab', 'Enter');
    await tab.page.waitForSelector('.model');
    expect(await nameOfFocus(tab)).toBe('content');
    await reach(tab, 'leave');
    await press(tab, 'Enter');
    expect(await nameOfFocus(tab)).toBe('key');
    await isQuietButFor(tab, '401');
  });

  test('one skips what stands above the content', async () => {
    const tab = await enter();
    await tab.page.reload();
    await tab.page.waitForSelector('.model');
    await press(tab, 'Tab');
    expect((await focused(tab))?.isSeen).toBe(true);
    await press(tab, 'Enter', 'Tab');
    expect(await nameOfFocus(tab)).toBe('Live');
  });

  test('one goes from view to view, and goes on in the one chosen', async () => {
    const tab = await enter();
    for (const [view, first] of [
      ['Why?', 'why-id'],
      ['Playground', 'play-model'],
      ['Live', 'services-title'],
    ] as const) {
      await reach(tab, view);
      await press(tab, 'Enter');
      await expect.poll(() => textOf(tab, '.views [aria-current]'), SOON).toBe(view);
      await press(tab, 'Tab');
      expect(await nameOfFocus(tab)).toBe(first);
    }
  });

  test.each(['#live', '#why', '#playground'])(
    'one reaches all there is in %s, forwards and backwards, and sees where one is',
    async (view) => {
      const tab = await enter(view);
      if (view === '#playground') {
        await tab.page.click('#play-form button[type=submit]');
        await tab.page.waitForSelector('.ranking');
        for (const name of ['curl', 'Python', 'TypeScript'])
          await tab.page.click(`summary:text-is("${name}")`);
      }
      const { forwards, backwards } = await bothWays(tab);
      const [first, ...others] = forwards.map(({ name }) => name);
      const all = await tab.page
        .locator('button, input, select, textarea, summary, a[href], [tabindex="0"]')
        .filter({ visible: true })
        .count();
      expect(new Set([first, ...others]).size).toBe(all);
      expect(backwards.map(({ name }) => name)).toEqual([first, ...others.reverse()]);
      expect([...forwards, ...backwards].filter(({ isSeen }) => !isSeen)).toEqual([]);
    },
  );

  test('one asks why a request took so long', async () => {
    const id = 'an-id-of-my-own-1234567890';
    await gateway.rerank(
      { model: COHERE, query: 'q', documents: ['a'] },
      { headers: { 'x-request-id': id } },
    );
    const tab = await enter('#why');
    await reach(tab, 'why-id');
    await tab.page.keyboard.type(id);
    await press(tab, 'Tab', 'Enter');
    await tab.page.waitForSelector('.waterfall');
    expect(await nameOfFocus(tab)).toBe('Explain');
    await isQuiet(tab);
  });

  test('one asks in the playground, sees all results, and copies the request', async () => {
    const tab = await enter('#playground');
    await tab.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await reach(tab, 'play-documents');
    await press(tab, 'Control+a');
    await tab.page.keyboard.insertText(Array.from({ length: 120 }, (_, i) => `document ${i}`).join('\n'));
    await reach(tab, 'Ask');
    await press(tab, 'Space');
    await tab.page.waitForSelector('.ranking');
    expect(await nameOfFocus(tab)).toBe('Ask');
    await reach(tab, 'Show all 120');
    await press(tab, 'Enter');
    expect(await tab.page.evaluate('document.activeElement.matches(".ranking li:nth-child(101)")')).toBe(
      true,
    );
    await reach(tab, 'curl');
    await press(tab, 'Enter', 'Tab', 'Enter');
    await expect.poll(() => textOf(tab, '#play-code [role=status]'), SOON).toBe('Copied');
    expect(await nameOfFocus(tab)).toBe('Copy curl');
    expect(await tab.page.evaluate('navigator.clipboard.readText()')).toContain('"document 119"');
    await isQuiet(tab);
  });

  test('one chooses another model', async () => {
    const tab = await enter('#playground');
    await reach(tab, 'play-model');
    await press(tab, 'End');
    expect(await tab.page.inputValue('#play-model')).toBe(EMBED);
    await reach(tab, 'Ask');
    await press(tab, 'Enter');
    await tab.page.waitForSelector('.matrix');
  });

  test('one gives up a question by Escape, and asks another', async () => {
    const tab = await enter('#playground');
    gateway.simulator.fault({ kind: 'hang' });
    await reach(tab, 'play-query');
    await tab.page.keyboard.insertText(' And if nobody answers');
    await press(tab, 'Enter');
    await expect.poll(() => textOf(tab, '#play-words'), SOON).toContain('Asking about 3 texts');
    await press(tab, 'Escape');
    expect(await textOf(tab, '#play-words')).toBe('Given up.');
    expect(await nameOfFocus(tab)).toBe('play-query');
    await tab.page.keyboard.insertText(', somebody does');
    await press(tab, 'Enter');
    await expect.poll(() => textOf(tab, '#play-words'), SOON).toMatch(/^200/);
    expect(await tab.page.locator('.ranking').count()).toBe(1);
    await press(tab, 'Escape');
    expect(await textOf(tab, '#play-words')).toMatch(/^200/);
  });
});

const isQuietButFor = async (tab: Tab, said: string): Promise<void> => {
  expect(tab.complaints.filter((each) => !each.includes(said))).toEqual([]);
  expect(await tab.breaches()).toEqual([]);
};

describe('the focus', { timeout: PATIENCE }, () => {
  test('stays where it is, and what was typed too, while numbers come', async () => {
    const tab = await enter();
    for (const name of ['Live', 'services-title', 'fleet-title']) {
      await reach(tab, name);
      await gateway.rerank({ model: COHERE, query: name, documents: ['a'] });
      await snapshots(tab, 2);
      expect(await nameOfFocus(tab)).toBe(name);
    }
    await reach(tab, 'Playground');
    await press(tab, 'Enter');
    await reach(tab, 'play-query');
    await press(tab, 'Control+a');
    await tab.page.keyboard.type('half a ques');
    await snapshots(tab, 2);
    await tab.page.keyboard.type('tion');
    expect([await nameOfFocus(tab), await tab.page.inputValue('#play-query')]).toEqual([
      'play-query',
      'half a question',
    ]);
  });

  test('goes to the content when the connection it asked for is back', async () => {
    const stage = await startStage();
    const tab = await tabs.open(`${stage.url}/`);
    await tab.page.waitForSelector('.model');
    stage.cut();
    await tab.page.waitForSelector('#retry');
    await reach(tab, 'retry');
    expect((await focused(tab))?.isSeen).toBe(true);
    stage.resume();
    await press(tab, 'Enter');
    await tab.page.waitForSelector('[data-state=live]');
    expect(await nameOfFocus(tab)).toBe('content');
    await stage.stop();
  });
});
