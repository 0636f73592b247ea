/** deploy/runbook.md, taken apart. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEPLOY } from './committed.ts';

export interface Section {
  readonly heading: string;
  readonly text: string;
}

const TEXT = readFileSync(join(DEPLOY, 'runbook.md'), 'utf8');

/** What stands under each heading of an alert. */
export const SECTIONS: readonly Section[] = TEXT.split(/^## /m)
  .slice(1)
  .map((section) => {
    const end = section.indexOf('\n');
    return { heading: section.slice(0, end), text: section.slice(end + 1).trim() };
  });

const allOf = (pattern: RegExp): string[] => [...TEXT.matchAll(pattern)].map(([, found = '']) => found);

/** The queries it gives. */
export const QUERIES = allOf(/^```promql\n([\s\S]*?)\n```$/gm);

/** The panels it names, as `row / panel`. */
export const PANELS = allOf(/\*\*([^*]+? \/ [^*]+?)\*\*/g).map((name) => name.replace(/\s+/g, ' '));

/** The headings it refers to, as anchors. */
export const ANCHORS = allOf(/\]\(#([^)]+)\)/g);
