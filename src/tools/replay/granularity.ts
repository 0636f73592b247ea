/** What the gateways of a replay reuse a score for, read as they read it. Pure. */

import type { Granularity } from '../../config/config.ts';
import { readGranularity } from '../../config/models.ts';
import { LIMITS } from './expected.ts';

/**
 * The CACHE_GRANULARITY that gateways are started with; undefined: none, so that they have their defaults.
 * @param given as the environment has it, which goes before everything
 * @param pointwise no score depends on its companions, so that all of them may be reused alone
 */
export const chosenGranularity = (given: string | undefined, pointwise: boolean): string | undefined => {
  if (given !== undefined && given.trim() !== '') return given;
  const all = Object.keys(LIMITS).map((model) => `${model}=document`);
  return pointwise ? all.join(',') : undefined;
};

/** By model. What is wrong in the variable is for the gateways to refuse. */
export const granularities = (variable: string | undefined): ReadonlyMap<string, Granularity> =>
  readGranularity({ CACHE_GRANULARITY: variable }, new Map(Object.entries(LIMITS)), () => {});
