/**
 * Makes of `ask` a function that never runs twice at the same time. Whoever calls it while it runs waits for the next run,
 * which is the same for all of them: what has begun already may not know of what they bring.
 */
export const oneAtATime = (ask: () => Promise<void>): (() => Promise<void>) => {
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= last.then(() => {
      next = undefined;
      return ask();
    });
    last = next;
    return next;
  };
};
