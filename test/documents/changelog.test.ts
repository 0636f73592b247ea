import { expect, test } from 'vitest';
import { readText } from './markdown.ts';

/** The versions in their order, the latest first. */
const RELEASES = [...readText('CHANGELOG.md').matchAll(/^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$/gm)].map(
  ([, version = '', date = '']) => ({ version, date }),
);

test('the latest version of the changelog is the one of the package, in both of its files', () => {
  const { version } = JSON.parse(readText('package.json'));
  const lock = JSON.parse(readText('package-lock.json'));
  expect([RELEASES[0]?.version, lock.version, lock.packages[''].version]).toEqual([
    version,
    version,
    version,
  ]);
});

test('every heading of the changelog is a version with its day, or what is not released', () => {
  const headings = [...readText('CHANGELOG.md').matchAll(/^## .*$/gm)].map(([heading]) => heading);
  const others = headings.filter(
    (heading) => !RELEASES.some(({ version }) => heading.includes(`[${version}]`)),
  );
  expect(others.filter((heading) => heading !== '## [Unreleased]')).toEqual([]);
});

test('later versions come first, with later days', () => {
  const days = RELEASES.map(({ date }) => date);
  expect(days).toEqual([...days].sort().reverse());
  expect(new Set(RELEASES.map(({ version }) => version)).size).toBe(RELEASES.length);
});
