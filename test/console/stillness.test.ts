import { afterEach, describe, expect, test } from 'vitest';
import type { Tab } from '../support/browser.ts';
import { differences, movedIn, placesOf, WATCH } from './places.ts';
import {
  EMBED_MODEL,
  lanes,
  MODELS,
  OTHER_MODEL,
  quietScene,
  RERANK_MODEL,
  type Scene,
  type Stage,
  service,
  startStage,
} from './stage.ts';
import { PATIENCE, SOON, tabsOfTheConsole, textOf } from './tabs.ts';

const tabs = tabsOfTheConsole();
let stage: Stage | undefined;
afterEach(() => stage?.stop());

const open = async (width: number, begins?: Scene): Promise<{ tab: Tab; scene: Scene; stage: Stage }> => {
  stage = await startStage(begins);
  const tab = await tabs.open(`${stage.url}/`);
  await tab.page.setViewportSize({ width, height: 900 });
  await tab.page.waitForSelector('tr[data-row="search"]');
  await tab.page.evaluate(WATCH);
  return { tab, scene: stage.scene, stage };
};

/** Waits until the page shows what the scene is now. */
const shown = async ({ page }: Tab, of: 'used' | 'tokens', used: number): Promise<void> => {
  await expect
    .poll(() => page.locator(`[data-figure=${of}]`).allTextContents(), SOON)
    .toContain(used.toLocaleString('en-US'));
};

/** A scene in which everything has been counted so often. */
const busy = (scene: Scene, count: number): void => {
  const outcomes = ['hit', 'partial', 'miss', 'stale', 'bypass', 'rejected', 'invalid', 'error'];
  const ofModel = (model: string, label: string, values: string[]) =>
    Object.fromEntries(
      values.map((value) => [`model="${model}",client="search",${label}="${value}"`, count]),
    );
  const ofAll = (label: string, values: string[]) => ({
    ...ofModel(RERANK_MODEL, label, values),
    ...ofModel(OTHER_MODEL, label, values),
    ...ofModel(EMBED_MODEL, label, values),
  });
  scene.counts = {
    requests_total: ofAll('outcome', outcomes),
    documents_total: ofAll('source', ['memory', 'redis', 'joined', 'upstream']),
    verified_pairs_total: ofAll('result', ['same', 'drifted']),
    client_search_units_total: ofAll('x', ['y']),
    request_search_units_total: ofAll('x', ['y']),
    client_tokens_total: ofAll('x', ['y']),
    client_upstream_calls_total: ofAll('x', ['y']),
    rejections_total: ofAll('reason', [
      ...['wait_too_long', 'quota_exhausted', 'queue_full', 'upstream_throttled'],
      ...['buffer_full', 'draining', 'not_cached'],
    ]),
  };
};

describe.each([375, 1280, 3840])('nothing moves at %i pixels', { timeout: PATIENCE }, (width) => {
  test('while numbers grow', async () => {
    const { tab, scene } = await open(width);
    const before = await placesOf(tab);
    for (const [i, count] of [9, 99, 12_345, 1_234_567].entries()) {
      busy(scene, count);
      const used = [1, 24, 190, 250][i]!;
      const frees = new Array<number>(30).fill(used);
      const [spaced, foreign] = [Math.floor(used / 2), Math.floor(used / 4)];
      scene.lanes = lanes(() => ({ used, spaced, foreign, frees, block: 'cold' }));
      for (const model of MODELS) scene.waiting[model] = { calls: count, expectedMs: 22_000 };
      await shown(tab, 'used', used);
    }
    expect(differences(before, await placesOf(tab))).toEqual([]);
    expect(await movedIn(tab)).toEqual([]);
    expect(await tab.overflow()).toBeLessThanOrEqual(0);
  });

  test('when the upstream wants to be left alone, and when its calls fail', async () => {
    const { tab, scene } = await open(width);
    const before = await placesOf(tab);
    const paused = { block: 'paused', pausedMs: 59_000 } as const;
    scene.lanes = lanes(() => ({ used: 200, ...paused }));
    for (const model of MODELS) scene.waiting[model] = { calls: 3, expectedMs: 59_000 };
    await shown(tab, 'used', 200);
    scene.failure = 'UND_ERR_CONNECT_TIMEOUT';
    const out = { standing: 'out', retryMs: 29_000, alone: true, block: 'alone' } as const;
    scene.lanes = lanes(() => ({ used: 201, ...out }));
    await shown(tab, 'used', 201);
    expect(await textOf(tab, '.attachments')).toContain('UND_ERR_CONNECT_TIMEOUT');
    expect(differences(before, await placesOf(tab))).toEqual([]);
    expect(await movedIn(tab)).toEqual([]);
  });

  test('when tokens are what a call waits for', async () => {
    const withTokens = (used: number, block?: 'tokens') =>
      lanes((model) => {
        const frees = new Array(30).fill(Math.floor(used / 30));
        const part = Math.floor(used / 10);
        const tokens = { limit: 800_000, used, spaced: part, foreign: part, frees };
        return model === EMBED_MODEL ? { tokens, block } : {};
      });
    const { tab, scene } = await open(width, { ...quietScene(), lanes: withTokens(0) });
    await shown(tab, 'tokens', 0);
    const before = await placesOf(tab);
    scene.lanes = withTokens(790_000, 'tokens');
    scene.waiting[EMBED_MODEL] = { calls: 12, expectedMs: 22_000 };
    await shown(tab, 'tokens', 790_000);
    expect(await textOf(tab, `[data-model="${EMBED_MODEL}"] .words`)).toBe(
      'A call now starts in about 22 s: the tokens of this minute are used up.',
    );
    expect(differences(before, await placesOf(tab))).toEqual([]);
    expect(await movedIn(tab)).toEqual([]);
    expect(await tab.overflow()).toBeLessThanOrEqual(0);
  });

  test('but the table below them, when services appear', async () => {
    const { tab, scene } = await open(width);
    const before = await placesOf(tab);
    scene.services = ['search', 'chatbot', 'a-service-with-a-long-name'].map(service);
    await tab.page.waitForSelector('tr[data-row="a-service-with-a-long-name"]');
    const moved = differences(before, await placesOf(tab));
    expect(moved.filter((each) => !/^(fleet|web\.1)/.test(each))).toEqual([]);
  });

  test('when Redis is in trouble, and when the process shuts down', async () => {
    const { tab, scene } = await open(width);
    const before = await placesOf(tab);
    scene.redis = { state: 'wrong server' };
    scene.readiness = { draining: true, reason: 'READONLY' };
    await expect.poll(() => textOf(tab, '#notices'), SOON).toMatch(/shutting down.*Redis is in trouble/);
    expect(await textOf(tab, '#state-text')).toBe('Shutting down');
    expect(differences(before, await placesOf(tab))).toEqual([]);
    expect(await movedIn(tab)).toEqual([]);
  });

  test('when the connection is lost, and when it is back', async () => {
    const { tab, stage } = await open(width);
    const before = await placesOf(tab);
    stage.cut();
    await tab.page.waitForSelector('#retry');
    await expect.poll(() => textOf(tab, '#lost-when'), SOON).toMatch(/^Next attempt (in \d|now)/);
    expect(differences(before, await placesOf(tab))).toEqual([]);
    stage.resume();
    await tab.page.keyboard.press('Tab');
    await tab.page.click('#retry');
    await tab.page.waitForSelector('[data-state=live]');
    expect(differences(before, await placesOf(tab))).toEqual([]);
    expect(await movedIn(tab)).toEqual([]);
  });
});
