/** Whoever follows a link of the documents arrives. */

import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DOCUMENTS, FILES, parse, readText } from './markdown.ts';

interface Library {
  readonly files: readonly string[];
  read(path: string): string;
}

const PROJECT: Library = { files: FILES, read: readText };

/** Why a link leads nowhere; undefined when it leads somewhere. */
const objection = ({ files, read }: Library, from: string, link: string): string | undefined => {
  if (/^[a-z][a-z\d+.-]*:/i.test(link)) {
    return /^https:\/\/[\w-]+(\.[\w-]+)+(\/\S*)?$/.test(link) && URL.canParse(link)
      ? undefined
      : 'is no address';
  }
  const [place = '', anchor] = decodeURI(link).split('#');
  const path =
    place === '' ? from : posix.normalize(posix.join(posix.dirname(from), place)).replace(/\/$/, '');
  const isFile = files.includes(path);
  if (!isFile && !files.some((file) => file.startsWith(`${path}/`))) return 'names nothing of the project';
  if (anchor === undefined) return undefined;
  if (!isFile || !path.endsWith('.md')) return 'has an anchor, but leads to no document';
  return parse(read(path)).anchors.has(anchor) ? undefined : 'names no heading';
};

const objectionsTo = (library: Library, path: string): string[] =>
  parse(library.read(path)).links.flatMap((link) => {
    const why = objection(library, path, link);
    return why === undefined ? [] : [`${path}: ${link} ${why}`];
  });

test('there are documents with links', () => {
  expect(DOCUMENTS).toEqual(expect.arrayContaining(['README.md', 'deploy/runbook.md']));
  expect(parse(readText('README.md')).links.length).toBeGreaterThan(10);
});

test.each(DOCUMENTS)('every link of %s leads somewhere', (path) => {
  expect(objectionsTo(PROJECT, path)).toEqual([]);
});

describe('a link', () => {
  const library = (markdown: string): Library => ({
    files: ['README.md', 'room/README.md', 'room/main.ts'],
    read: (path) => (path === 'README.md' ? markdown : '# The `room_1`, & more\n\n# Twice\n\n# Twice\n'),
  });

  test.each([
    ['to the web', 'https://example.com/a#b'],
    ['to a file', 'room/main.ts'],
    ['to a folder', 'room/'],
    ['to a heading here', '#here-and-now'],
    ['to a heading elsewhere', 'room/README.md#the-room_1--more'],
    ['to the second of two headings alike', './room/README.md#twice-1'],
  ])('%s is well', (_, link) => {
    expect(objectionsTo(library(`# Here *and* now\n\n[text](${link})`), 'README.md')).toEqual([]);
  });

  test.each([
    ['to a file that is not there', '[a](room/none.ts)', 'room/none.ts names nothing of the project'],
    ['to a file in other letters', '[a](readme.md)', 'readme.md names nothing of the project'],
    ['to a file elsewhere', '[a](../other/main.ts)', '../other/main.ts names nothing of the project'],
    ['to no heading here', '[a](#there)', '#there names no heading'],
    ['to no heading elsewhere', '[a](room/README.md#here)', 'room/README.md#here names no heading'],
    [
      'to a heading of a program',
      '[a](room/main.ts#L1)',
      'room/main.ts#L1 has an anchor, but leads to no document',
    ],
    ['of a reference', '[a][b]\n\n[b]: none.md', 'none.md names nothing of the project'],
    ['in a table', '| a |\n|---|\n| ![a](none.png) |', 'none.png names nothing of the project'],
    ['without encryption', '[a](http://example.com)', 'http://example.com is no address'],
    ['to a host that cannot be', '[a](https://example)', 'https://example is no address'],
  ])('%s is objected to', (_, markdown, complaint) => {
    expect(objectionsTo(library(markdown), 'README.md')).toEqual([`README.md: ${complaint}`]);
  });

  test('inside of code is none', () => {
    expect(objectionsTo(library('`[a](none.md)`\n\n```md\n[a](none.md)\n```\n'), 'README.md')).toEqual([]);
  });
});
