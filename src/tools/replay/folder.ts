/** Reads a corpus from its folder. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CORPUS_FILES, type CorpusFile, parseCorpus, type ReplayRequest } from './corpus.ts';
import { CorpusError } from './lines.ts';

/**
 * @param models names that a request may have; undefined: any
 * @throws CorpusError that names the file
 */
export const readCorpus = async (
  folder: string,
  models: readonly string[] | undefined,
): Promise<ReplayRequest[]> => {
  const files = {} as Record<CorpusFile, string>;
  for (const file of CORPUS_FILES) {
    files[file] = await readFile(join(folder, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new CorpusError(`${file} can't be read in ${folder} (${error.code})`);
    });
  }
  return parseCorpus(files, models);
};
