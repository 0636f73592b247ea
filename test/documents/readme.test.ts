import { expect, test } from 'vitest';
import { readText } from './markdown.ts';

test('the README is a page that can be read to its end: 15 KB', () => {
  expect(Buffer.byteLength(readText('README.md'))).toBeLessThanOrEqual(15 * 1024);
});
