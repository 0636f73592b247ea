/** Draws the console's pictures in test/console/pictures: `node --import tsx test/console/pictures.ts`. */

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startBrowser } from '../support/browser.ts';
import { AMAZON, COHERE, EMBED, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';

const FOLDER = fileURLToPath(new URL('pictures/', import.meta.url));
const SECONDS = 40;
const LIMITS = { [COHERE]: 60, [AMAZON]: 40, [EMBED]: 100 };

/** Some questions are asked often, most once: the n-th as often as 1/n. */
const somebodysQuestion = (): string => `question ${Math.floor(200 ** Math.random())}`;

const makeTraffic = async (gateway: TestGateway): Promise<void> => {
  const answers: Promise<unknown>[] = [];
  for (let i = 0; i < SECONDS * 5; i++) {
    const key = [KEYS.search, KEYS.search, KEYS.chatbot, KEYS.evaluation][i % 4]!;
    const headers = { authorization: `Bearer ${key}` };
    const documents = Array.from({ length: 5 }, (_, k) => `document ${(i * k) % 23}`);
    const rerank = { model: i % 5 ? COHERE : AMAZON, query: somebodysQuestion(), documents };
    answers.push(
      i % 7
        ? gateway.rerank(rerank, { headers })
        : gateway.embed({ model: EMBED, input: documents }, { headers }),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

mkdirSync(FOLDER, { recursive: true });
const gateway = await startTestGateway({
  env: {
    DYNO: 'web.1',
    MODEL_LIMITS: Object.entries(LIMITS)
      .map(([model, limit]) => `${model}=${limit}`)
      .join(','),
    GATEWAY_KEYS: `search:${KEYS.search};admin;weight=3,chatbot:${KEYS.chatbot},evaluation:${KEYS.evaluation};rpm=20`,
  },
  simulator: { latencyMs: [80, 300], limits: LIMITS },
});
const browser = await startBrowser();
const { page } = await browser.open(`${gateway.url}/`);
await page.fill('#key', KEYS.search);
await page.click('#key-form button');
await page.waitForSelector('.model');
await makeTraffic(gateway);

const draw = async (name: string, width: number, colorScheme: 'light' | 'dark'): Promise<void> => {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.screenshot({ path: `${FOLDER}${name}.png`, fullPage: true });
};
await draw('live-light', 1280, 'light');
await draw('live-dark', 1280, 'dark');
await draw('live-narrow', 375, 'light');
await page.click('.views a[href="#playground"]');
await page.click('#play-form button[type=submit]');
await page.waitForSelector('#play-result .ranking');
await draw('playground', 1280, 'light');
await browser[Symbol.asyncDispose]();
await gateway.stop();
process.exit();
