/** Bodies, whole and broken, read in the fast way and in the slow one: what they say is to be the same. */

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { bodies, bothWays, brokenBodies } from '../endpoints/rerank/slices.ts';

/** @returns how many were read, and the first that says something else, as base64 */
export const readBodies = (
  count: number,
  seed: number,
): { readonly count: number; readonly different: string | undefined } => {
  const any = fc.oneof(
    bodies.map((text) => Buffer.from(text)),
    brokenBodies,
  );
  const same = fc.property(any, (bytes) => isDeepStrictEqual(...bothWays(bytes)));
  const { counterexample } = fc.check(same, { numRuns: count, seed });
  return { count, different: counterexample?.[0].toString('base64') };
};
