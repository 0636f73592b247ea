import { afterEach, describe, expect, test } from 'vitest';
import { ERRORS } from '../../src/calls/errors.ts';
import { MOST_VIEWERS } from '../../src/console/live.ts';
import { MOST_RECENT } from '../../src/console/recent.ts';
import type { Tab } from '../support/browser.ts';
import { KEYS, startTestGateway } from '../support/gateway.ts';
import {
  EMBED_MODEL,
  lanes,
  MODELS,
  quietScene,
  RERANK_MODEL,
  type Scene,
  service,
  startStage,
} from './stage.ts';
import { HOSTILE, isQuiet, PATIENCE, SOON, tabsOfTheConsole, textOf } from './tabs.ts';

const tabs = tabsOfTheConsole();
let stop: () => Promise<void> = async () => {};
afterEach(() => stop());

const open = async (over: Partial<Scene> = {}) => {
  const stage = await startStage({ ...quietScene(), ...over });
  stop = stage.stop;
  const tab = await tabs.open(`${stage.url}/`);
  await tab.page.waitForSelector('[data-state=live], [data-state=draining]');
  return { tab, stage };
};

const wordsOf = (tab: Tab, model: string): Promise<string> => textOf(tab, `[data-model="${model}"] .words`);

describe('the console says', { timeout: PATIENCE }, () => {
  test('that nothing was asked yet', async () => {
    const { tab } = await open();
    expect(await textOf(tab, '#notices')).toBe('No request yet. The numbers start with the first one.');
    expect(await wordsOf(tab, RERANK_MODEL)).toBe('A call now starts at once.');
    expect(await textOf(tab, `[data-model="${RERANK_MODEL}"] .attachments`)).toContain('0 of 250 · well');
    expect(await tab.barriers()).toEqual([]);
  });

  test.each([
    ['full', 'every place of the minute is used'],
    ['spaced', 'the burst is used up, places come one by one'],
    ['paused', 'the upstream has asked to be left alone for 20 s'],
    ['cold', 'one call goes first, to learn what the upstream counts'],
    ['alone', 'Redis is lost, so this process keeps to its share'],
    ['turn', 'calls of other processes go first'],
    ['tokens', 'the tokens of this minute are used up'],
  ] as const)('why a call waits: %s', async (block, why) => {
    const waiting = { [RERANK_MODEL]: { calls: 3, expectedMs: 4200 } };
    const { tab } = await open({ waiting, lanes: lanes(() => ({ block, pausedMs: 20_000 })) });
    expect(await wordsOf(tab, RERANK_MODEL)).toBe(`A call now starts in about 4.2 s: ${why}.`);
  });

  test('that no attachment can be asked, and why', async () => {
    const { tab } = await open({
      waiting: { [RERANK_MODEL]: { calls: 0, expectedMs: undefined } },
      lanes: lanes(() => ({ standing: 'refused' })),
      failure: '401',
    });
    expect(await wordsOf(tab, RERANK_MODEL)).toBe('No attachment can be asked at the moment.');
    expect(await textOf(tab, '.attachments')).toContain('refuses the gateway’s key (401)');
    expect(await textOf(tab, '.attachments .mark')).toBe('!');
  });

  test('that the limit is not shared, though Redis is well', async () => {
    const { tab } = await open({ readiness: { draining: false, alone: true, reason: 'data' } });
    expect(await textOf(tab, '#notices')).toContain('The limit is not shared at the moment (data)');
  });

  test.each(['light', 'dark'] as const)('how many tokens are used, and were, %s', async (colorScheme) => {
    const tokens = {
      limit: 800_000,
      used: 700_000,
      spaced: 20_000,
      foreign: 50_000,
      frees: new Array(30).fill(23_000),
    };
    const { tab } = await open({ lanes: lanes((model) => (model === EMBED_MODEL ? { tokens } : {})) });
    await tab.page.emulateMedia({ colorScheme });
    const card = tab.page.locator(`[data-model="${EMBED_MODEL}"]`);
    expect(await card.locator('.limited').allTextContents()).toEqual([
      expect.stringMatching(/^0of 250 calls of the minute/),
      expect.stringMatching(
        /^700,000of 800,000 tokens of the minute.*as asked630,000spaced20,000by others50,000$/,
      ),
    ]);
    const pictures = card.locator('[role=img].tall').filter({ visible: true });
    const names = (await pictures.all()).map((picture) => picture.getAttribute('aria-label'));
    expect(await Promise.all(names)).toEqual([
      expect.stringContaining('Calls: at most 0 of 250'),
      expect.stringContaining('Tokens: at most 700,000 of 800,000'),
    ]);
    const others = tab.page.locator(`[data-model="${RERANK_MODEL}"] .limited`).filter({ visible: true });
    expect(await others.count()).toBe(1);
    expect(await tab.barriers()).toEqual([]);
    await isQuiet(tab);
  });

  test('how many requests were refused for each reason that there is', async () => {
    const reasons = Object.entries(ERRORS).flatMap(([kind, { outcome }]) =>
      outcome === 'rejected' ? [kind] : [],
    );
    const counts = reasons.map((reason, i) => [`client="search",reason="${reason}"`, i + 1]);
    const { tab } = await open({ counts: { rejections_total: Object.fromEntries(counts) } });
    const cells = await tab.page.locator('tr[data-row=search] td').allTextContents();
    expect(cells.slice(-reasons.length).sort()).toEqual(reasons.map((_, i) => String(i + 1)).sort());
  });

  test('that the process shuts down, first while it finishes, then when it has gone', async () => {
    const { tab, stage } = await open({ readiness: { draining: true } });
    expect(await textOf(tab, '#state-text')).toBe('Shutting down');
    expect(await textOf(tab, '#notices')).toContain('it finishes what it has');
    stage.drain();
    await expect
      .poll(() => textOf(tab, '#lost-why'), SOON)
      .toMatch(/^(This process|The gateway) is shutting down\.$/);
    expect(await tab.page.isVisible('.model')).toBe(true);
    expect(await tab.barriers()).toEqual([]);
  });

  test('that the connection is lost, and tries again ever more seldom, until it is back', async () => {
    const { tab, stage } = await open();
    stage.cut();
    await expect.poll(() => stage.attempts.length, SOON).toBe(4);
    const gaps = stage.attempts.slice(1).map((at, i) => at - stage.attempts[i]!);
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
    expect(await textOf(tab, '#state-text')).toBe('Connection lost');
    expect(await tab.barriers()).toEqual([]);
    stage.resume();
    await expect.poll(() => textOf(tab, '#state-text'), SOON).toBe('Live');
    expect(await tab.page.isVisible('#lost')).toBe(false);
  });

  test('that too many look already', async () => {
    const gateway = await startTestGateway();
    stop = gateway.stop;
    const headers = { authorization: `Bearer ${KEYS.chatbot}` };
    const others = new AbortController();
    const { signal } = others;
    for (let i = 0; i < MOST_VIEWERS; i++) await fetch(`${gateway.url}/console/live`, { headers, signal });
    const tab = await tabs.open(`${gateway.url}/`);
    await tab.page.fill('#key', KEYS.search);
    await tab.page.keyboard.press('Enter');
    await expect.poll(() => textOf(tab, '#lost-why'), SOON).toBe('20 people look at the console already.');
    others.abort();
    await tab.page.waitForSelector('.model', SOON);
  });

  test('how many requests it can explain', async () => {
    const { tab } = await open();
    expect(await textOf(tab, '#why .about')).toContain(`the last ${MOST_RECENT.toLocaleString('en-US')},`);
  });
});

test('hostile names, versions and reasons are shown as texts', { timeout: PATIENCE }, async () => {
  const [image, script, drawing, link] = HOSTILE;
  const { tab } = await open({
    services: HOSTILE.map(service),
    failure: image,
    version: script,
    dyno: drawing,
    redis: { state: link },
    readiness: { draining: false, reason: image },
    lanes: MODELS.flatMap((model) =>
      HOSTILE.map((upstream) => ({
        ...lanes()[0]!,
        ...{ model, upstream, standing: 'out' as const, block: image as never },
      })),
    ),
    waiting: Object.fromEntries(MODELS.map((model) => [model, { calls: 1, expectedMs: 1000 }])),
  });
  expect(await tab.page.locator('#services tbody th').allTextContents()).toEqual([...HOSTILE]);
  expect(await tab.page.locator('#fleet tbody th').allTextContents()).toEqual([drawing]);
  expect(await textOf(tab, '#about')).toContain(`Redis: ${link} · ${drawing} · version ${script}`);
  expect(await textOf(tab, '#notices')).toContain(`(${link}, ${image})`);
  expect(await textOf(tab, '.attachments')).toContain(`its calls fail (${image})`);
  expect(await tab.page.evaluate('globalThis.hit')).toBeUndefined();
  expect(await tab.page.locator('body img, body script').count()).toBe(0);
  expect(await tab.overflow()).toBeLessThanOrEqual(0);
  await isQuiet(tab);
});
