/** Whoever types what a document says gets what it says. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { freePort } from '../heroku/slug.ts';
import { LIMITS, UPSTREAM_KEY } from '../support/gateway.ts';
import { type CodeBlock, DOCUMENTS, parse, readText } from './markdown.ts';
import { isRunnable, run } from './session.ts';

/** In the place of Heroku's. */
let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ keys: { [UPSTREAM_KEY]: {} }, limits: LIMITS });
});
afterAll(() => simulator.close());

const FOLLOWED = DOCUMENTS.map((path) => ({ path, blocks: parse(readText(path)).blocks })).filter(
  ({ blocks }) => blocks.some(isRunnable),
);

/** Every request has another. */
const withoutId = (text: string): unknown => ({ ...JSON.parse(text), id: '' });

/** What the block before an answer has said, and the answer. */
const answersIn = (blocks: readonly CodeBlock[], outputs: readonly string[]) =>
  blocks.flatMap(({ info, text }, i) => {
    const before = blocks.slice(0, i).filter(isRunnable).length - 1;
    return info === 'json answer' ? [{ said: withoutId(outputs[before]!), shown: withoutId(text) }] : [];
  });

/** What the blocks said that begin with a command. */
const answersTo = (command: string, blocks: readonly CodeBlock[], outputs: readonly string[]): string[] =>
  blocks
    .filter(isRunnable)
    .flatMap(({ text }, i) => (text.startsWith(`${command} `) ? [outputs[i] ?? ''] : []));

test.each(DOCUMENTS)('all that %s tells to type is typed here, unless it needs Heroku', (path) => {
  const untried = parse(readText(path)).blocks.filter(
    (block) => /^(sh|bash|shell|console)\b/.test(block.info) && !isRunnable(block),
  );
  expect(untried.filter(({ text }) => !/^heroku /m.test(text))).toEqual([]);
});

test('the README is followed, and says what is answered', () => {
  const { blocks } = FOLLOWED.find(({ path }) => path === 'README.md')!;
  expect(blocks.filter(isRunnable).length).toBeGreaterThan(2);
  expect(blocks.filter(({ info }) => info === 'json answer')).toHaveLength(1);
});

test.each(FOLLOWED)(
  'all that $path tells to type does what it says',
  async ({ blocks }) => {
    const port = await freePort();
    const replacements = {
      'localhost:3000': `localhost:${port}`,
      'https://us.inference.heroku.com': simulator.url,
      'YOUR-KEY': UPSTREAM_KEY,
      // What a line before has shown.
      'THE-KEY': '$KEY',
    };
    const { code, outputs, log } = await run({ blocks, replacements, port });
    expect(code, log).toBe(0);
    for (const { said, shown } of answersIn(blocks, outputs)) expect(said).toEqual(shown);
    for (const said of answersTo('curl', blocks, outputs)) expect(JSON.parse(said).results).not.toEqual([]);
  },
  // One of them tells to lint all of it.
  120_000,
);
