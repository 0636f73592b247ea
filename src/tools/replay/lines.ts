/** Reads JSON Lines of objects, with errors that name file and line. */

import type { Complain, Fields } from './fields.ts';

/** What is wrong with the corpus, for its author. */
export class CorpusError extends Error {
  override readonly name = 'CorpusError';
}

export interface Line {
  readonly fields: Fields;
  /** Throws an error about a field of this line. */
  readonly complain: Complain;
}

export type Lines = Iterable<Line>;

/** Blank lines are skipped, but counted. */
export function* readLines(file: string, content: string): Generator<Line> {
  for (const [i, text] of content.split('\n').entries()) {
    if (text.trim() === '') continue;
    const where = `${file} line ${i + 1}`;
    const value = parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new CorpusError(`${where}: must be a JSON object`);
    }
    yield {
      fields: value as Fields,
      complain(field, rule) {
        throw new CorpusError(`${where}: ${field} ${rule}`);
      },
    };
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
