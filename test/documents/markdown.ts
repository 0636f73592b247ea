/** The project's Markdown files, taken apart. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import GithubSlugger from 'github-slugger';
import { lexer, type Token, walkTokens } from 'marked';
import { ROOT } from '../support/clean-copy.ts';

/** Every file of the project that is or will be committed, by its path from the root. */
export const FILES: readonly string[] = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
  { cwd: ROOT, encoding: 'utf8' },
)
  .split('\0')
  .filter(Boolean);

export const DOCUMENTS: readonly string[] = FILES.filter((path) => path.endsWith('.md'));

/** @param path from the root */
export const readText = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** A block between fences: what stands behind the opening one, and the lines. */
export interface CodeBlock {
  readonly info: string;
  readonly text: string;
}

export interface Document {
  /** Where each link and each picture leads, as written. */
  readonly links: readonly string[];
  /** What can stand behind `#` in a link to a heading here, by GitHub's rule. */
  readonly anchors: ReadonlySet<string>;
  readonly blocks: readonly CodeBlock[];
}

/** What a reader sees of a heading. */
const plainText = (tokens: readonly Token[]): string =>
  tokens
    .map((token) =>
      'tokens' in token && token.tokens ? plainText(token.tokens) : 'text' in token ? token.text : '',
    )
    .join('');

export const parse = (markdown: string): Document => {
  const slugger = new GithubSlugger();
  const links: string[] = [];
  const anchors = new Set<string>();
  const blocks: CodeBlock[] = [];
  walkTokens(lexer(markdown), (token) => {
    if (token.type === 'link' || token.type === 'image') links.push(token.href);
    if (token.type === 'heading') anchors.add(slugger.slug(plainText(token.tokens ?? [])));
    if (token.type === 'code') blocks.push({ info: token.lang ?? '', text: token.text });
  });
  return { links, anchors, blocks };
};
