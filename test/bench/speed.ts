/** Hits, misses and growth: the figures that are kept and drawn. */

import { cpus } from 'node:os';
import { type GrowthFigures, growth } from './growth.ts';
import { type HitFigures, hits } from './hits.ts';
import { type MissFigures, misses } from './misses.ts';
import type { Effort, Section } from './options.ts';
import { startStage } from './stage.ts';

export interface Speed {
  readonly node: string;
  readonly cpus: number;
  readonly hits: readonly HitFigures[];
  readonly misses: readonly MissFigures[];
  readonly growth: readonly GrowthFigures[];
}

const collect = async <T extends { readonly size: string }>(
  name: string,
  part: AsyncGenerator<T>,
): Promise<T[]> => {
  const all: T[] = [];
  for await (const figures of part) {
    all.push(figures);
    process.stderr.write(`${name}, ${figures.size}: done\n`);
  }
  return all;
};

/** @param compare a revision that takes part */
export const speed = async (
  sections: readonly Section[],
  effort: Effort,
  compare: string | undefined,
): Promise<Speed> => {
  const figures: { hits: HitFigures[]; misses: MissFigures[]; growth: GrowthFigures[] } = {
    hits: [],
    misses: [],
    growth: [],
  };
  if (sections.includes('hits') || sections.includes('misses')) {
    const stage = await startStage(compare);
    try {
      if (sections.includes('hits')) figures.hits = await collect('hits', hits(stage, effort));
      if (sections.includes('misses')) figures.misses = await collect('misses', misses(stage, effort));
    } finally {
      await stage.stop();
    }
  }
  if (sections.includes('growth')) figures.growth = await collect('growth', growth(effort));
  return { node: process.version, cpus: cpus().length, ...figures };
};
