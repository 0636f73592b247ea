/** What the documents call by its name is there. */

import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/metrics/registry.ts';
import { DOCUMENTS, FILES, readText } from './markdown.ts';

const scripts: object = JSON.parse(readText('package.json')).scripts;
const { registry } = createMetrics({ dyno: 'web.1', version: '1.0.0' });
const metrics = new Set(registry.getMetricsAsArray().map(({ name }) => name));

/** Each kind of name, how it is found, and whether it is there. A recording rule has a colon before its metric; NAME stands for any. */
const KINDS: readonly (readonly [kind: string, pattern: RegExp, isThere: (name: string) => boolean])[] = [
  ['script of npm', /\bnpm run (?:-s |--silent )?([\w-]+)/g, (name) => Object.hasOwn(scripts, name)],
  [
    'metric',
    /(?<![:\w])(gateway_\w+)/g,
    (name) => metrics.has(name) || metrics.has(name.replace(/_(bucket|sum|count)$/, '')),
  ],
  [
    'path',
    /`((?:src|test|deploy)\/(?![\w./-]*NAME)[\w./-]+)`/g,
    (name) => FILES.some((file) => file === name || file.startsWith(`${name.replace(/\/$/, '')}/`)),
  ],
];

const complaintsAbout = (markdown: string): string[] =>
  KINDS.flatMap(([kind, pattern, isThere]) =>
    [...markdown.matchAll(pattern)]
      .map(([, name = '']) => name)
      .filter((name) => !isThere(name))
      .map((name) => `there is no ${kind} ${name}`),
  );

test.each(DOCUMENTS)('%s names what there is', (path) => {
  expect(complaintsAbout(readText(path))).toEqual([]);
});

// An app's host has a part that Heroku makes up: a guess would send a token to a stranger.
test.each(DOCUMENTS)('%s guesses no host of an app', (path) => {
  expect(readText(path)).not.toMatch(/[\w-]+\.herokuapp\.com/);
});

describe('a document', () => {
  test('may name scripts, metrics and paths', () => {
    const text =
      'Type `npm run bench -- hits`, look at `rate(gateway_queue_wait_seconds_bucket[5m])` and `src/http/`, and write `src/http/NAME.ts`.';
    expect(complaintsAbout(text)).toEqual([]);
  });

  test.each([
    ['`npm run nothing`', 'there is no script of npm nothing'],
    ['`gateway_nothing_total`', 'there is no metric gateway_nothing_total'],
    ['`src/nothing.ts`', 'there is no path src/nothing.ts'],
    ['`src/http/nothing/`', 'there is no path src/http/nothing/'],
  ])('is objected to for %s', (text, complaint) => {
    expect(complaintsAbout(text)).toEqual([complaint]);
  });
});
