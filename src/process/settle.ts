/** Runs steps that may fail, and may never end. */

/**
 * Starts all steps at once. Resolves when all have ended, successfully or not, and at the latest after `ms`.
 * @param onFailure called with what a step threw or rejected with
 */
export const settle = async (
  steps: readonly (() => unknown)[],
  ms: number,
  onFailure: (error: unknown) => void = () => {},
): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  const ended = Promise.all(steps.map(async (step) => step()).map((step) => step.then(() => {}, onFailure)));
  await Promise.race([ended, limit]);
  clearTimeout(timer);
};
