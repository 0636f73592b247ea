/** How much work some code does, counted by the engine rather than timed: the same on any machine. */

import { Session } from 'node:inspector';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

const session = new Session();

const post = <T>(method: string, params: object = {}): Promise<T> =>
  new Promise((resolve, reject) => {
    session.post(method, params, (error, result) => (error ? reject(error) : resolve(result as T)));
  });

/** Once for the process: what is compiled while nothing is counted has no counters. */
const started = (async () => {
  session.connect();
  await post('Profiler.enable');
  await post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
})();

/**
 * Runs something, and counts how often functions, and the blocks within them, were entered meanwhile: a loop counts each
 * time around.
 * @param path part of the paths of the files whose steps count, e.g. `/src/pacing/`
 */
export const countSteps = async (path: string, run: () => Promise<unknown>): Promise<number> => {
  await started;
  await post('Profiler.takePreciseCoverage');
  await run();
  const { result } = await post<Coverage>('Profiler.takePreciseCoverage');
  const counted = result.filter(({ url }) => url.includes(path)).flatMap(({ functions }) => functions);
  return counted.flatMap(({ ranges }) => ranges).reduce((sum, { count }) => sum + count, 0);
};
