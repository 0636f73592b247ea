/** The granularity at which the gateways of a replay reuse scores, parsed as they parse it. Pure. */

import type { Granularity } from '../../config/config.ts';
import { readGranularity } from '../../config/models.ts';
import { LIMITS } from './expected.ts';

/**
 * The CACHE_GRANULARITY that gateways are started with; undefined: none, so that they use their defaults.
 * @param given the environment's value, which has precedence
 * @param pointwise no score depends on its companions, so that each may be reused alone
 */
export const chosenGranularity = (given: string | undefined, pointwise: boolean): string | undefined => {
  if (given !== undefined && given.trim() !== '') return given;
  const all = Object.keys(LIMITS).map((model) => `${model}=document`);
  return pointwise ? all.join(',') : undefined;
};

/** By model. The gateways refuse a variable that is wrong. */
export const granularities = (variable: string | undefined): ReadonlyMap<string, Granularity> =>
  readGranularity({ CACHE_GRANULARITY: variable }, new Map(Object.entries(LIMITS)), () => {});
