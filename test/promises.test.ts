/** The table of promises in test/README.md names a test for each. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const HERE = new URL('.', import.meta.url).pathname;

interface Row {
  readonly link: string;
  readonly path: string;
  /** Of a test, or of tests described together: each part as it stands in the file. */
  readonly titles: readonly string[];
}

const HEADING = 'What is promised\n';

const rowsOf = (readme: string): Row[] => {
  const section = readme.split(/^## /m).find((each) => each.startsWith(HEADING)) ?? '';
  const rows = section.split('\n').filter((line) => /^\| (?!.*shown by)/.test(line));
  return rows.map((line) => {
    const [, link = line, path = '', titles = ''] = /.*\| \[(\S+)\]\((\S+)\): (.*) \|$/.exec(line) ?? [];
    return { link, path, titles: titles.split(' › ') };
  });
};

/** Every string that a source holds; what is filled into one is three dots. */
const stringsIn = (source: string): Set<string> => {
  const found = source.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g);
  return new Set(
    [...found].map(([, single, double, template]) =>
      (single ?? double ?? template ?? '').replaceAll(/\$\{[^}]*\}/g, '…').replaceAll(/\\(.)/g, '$1'),
    ),
  );
};

const complaintsOf = ({ link, path, titles }: Row): string[] => {
  if (path !== `${link}.test.ts`) return [`${link}: names no test`];
  if (!existsSync(join(HERE, path))) return [`${path}: is not there`];
  const strings = stringsIn(readFileSync(join(HERE, path), 'utf8'));
  return titles.filter((title) => !strings.has(title)).map((title) => `${path}: has no test "${title}"`);
};

describe('the table of promises', () => {
  const rows = rowsOf(readFileSync(join(HERE, 'README.md'), 'utf8'));

  test('is there', () => {
    expect(rows.length).toBeGreaterThan(50);
  });

  test('names tests that exist', () => {
    expect(rows.flatMap(complaintsOf)).toEqual([]);
  });

  test.each([
    ['[structure](no-such-file.test.ts): the source', 'names no test'],
    ['[no-such](no-such.test.ts): the source', 'is not there'],
    ['[structure](structure.test.ts): the source › is perfect', 'has no test "is perfect"'],
    ['e2e/nothing: of the kind', 'names no test'],
  ])('would be objected to for %s', (cell, complaint) => {
    const [row] = rowsOf(`## What is promised\n\n| a fault | a promise | ${cell} |\n\n## Next\n`);
    expect(complaintsOf(row!)).toEqual([expect.stringContaining(complaint)]);
  });
});
