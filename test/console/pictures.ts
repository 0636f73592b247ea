/** Draws the console's pictures in test/console/pictures: `node --import tsx test/console/pictures.ts`. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startBrowser } from '../support/browser.ts';
import { AMAZON, COHERE, EMBED, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';

export const FOLDER = fileURLToPath(new URL('pictures/', import.meta.url));

/** By name: the view, its width in pixels, and the colours. */
export const PICTURES = {
  'live-light': { view: 'live', width: 1280, colorScheme: 'light' },
  'live-dark': { view: 'live', width: 1280, colorScheme: 'dark' },
  'live-narrow': { view: 'live', width: 375, colorScheme: 'light' },
  playground: { view: 'playground', width: 1280, colorScheme: 'light' },
} as const;

const LIMITS = { [COHERE]: 60, [AMAZON]: 40, [EMBED]: 100 };
const TOKEN_LIMITS = { [EMBED]: 1200 };
const PER_SECOND = 5;

/** Some are asked about often, most once: the n-th as often as 1/n. */
const oneOf = (count: number): number => Math.floor(count ** Math.random());

const makeTraffic = async (gateway: TestGateway, seconds: number): Promise<void> => {
  for (let i = 0; i < seconds * PER_SECOND; i++) {
    const key = [KEYS.search, KEYS.search, KEYS.chatbot, KEYS.evaluation][i % 4]!;
    const headers = { authorization: `Bearer ${key}` };
    const documents = Array.from({ length: 5 }, (_, k) => `document ${(i * k) % 23}`);
    const rerank = { model: i % 5 ? COHERE : AMAZON, query: `question ${oneOf(200)}`, documents };
    const input = documents.map(() => `a text of some words, number ${oneOf(2000)}`);
    // Nobody waits for the answers: whoever does would ask ever more seldom.
    void (
      i % 7 ? gateway.rerank(rerank, { headers }) : gateway.embed({ model: EMBED, input }, { headers })
    ).catch(() => {});
    await sleep(1000 / PER_SECOND);
  }
};

const turnTo = async (page: Page, view: string): Promise<void> => {
  await page.click(`.views a[href="#${view}"]`);
  if (view !== 'playground') return;
  await page.click('#play-form button[type=submit]');
  await page.waitForSelector('#play-result .ranking');
};

/** @param seconds for which there is traffic before */
export const draw = async (folder: string, seconds: number): Promise<void> => {
  mkdirSync(folder, { recursive: true });
  const gateway = await startTestGateway({
    env: {
      DYNO: 'web.1',
      MODEL_LIMITS: Object.entries(LIMITS)
        .map(([model, limit]) => `${model}=${limit}${model === EMBED ? `/${TOKEN_LIMITS[EMBED]}` : ''}`)
        .join(','),
      GATEWAY_KEYS: `search:${KEYS.search};admin;weight=3,chatbot:${KEYS.chatbot},evaluation:${KEYS.evaluation};rpm=20`,
    },
    simulator: { latencyMs: [80, 300], limits: LIMITS, tokenLimits: TOKEN_LIMITS },
  });
  const browser = await startBrowser();
  const { page } = await browser.open(`${gateway.url}/`);
  await page.fill('#key', KEYS.search);
  await page.click('#key-form button');
  await page.waitForSelector('.model');
  await makeTraffic(gateway, seconds);
  for (const [name, { view, width, colorScheme }] of Object.entries(PICTURES)) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await turnTo(page, view);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
  await browser[Symbol.asyncDispose]();
  await gateway.stop();
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await draw(FOLDER, 120);
  process.exit();
}
