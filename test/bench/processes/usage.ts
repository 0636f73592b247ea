/** What this process takes, once everything that can be freed is. Needs --expose-gc. */

export interface Usage {
  /** The heap, and what it holds outside of itself, bytes. */
  readonly heap: number;
  readonly resident: number;
}

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('Run with --expose-gc.');

export const usage = async (): Promise<Usage> => {
  // Array buffers are freed in a later turn than the objects that held them.
  for (let i = 0; i < 4; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
};
