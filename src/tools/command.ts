/** A command that runs until it is done, or until its user has had enough. */

export interface CommandOptions {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** A line of the result, and one for whoever watches. */
  readonly out: (line: string) => void;
  readonly note: (line: string) => void;
  readonly terminal: NodeJS.WriteStream;
  /** Aborted when the user wants no more: what is under way is ended properly. */
  readonly signal: AbortSignal;
}

/** Runs a command with this process's arguments, environment and streams. @param run resolves with the exit code */
export const command = async (
  name: string,
  run: (options: CommandOptions) => Promise<number>,
): Promise<void> => {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second Ctrl-C means that the user does not want to wait. The processes that were started end with this one.
      if (stop.signal.aborted) process.exit(1);
      stop.abort();
    });
  }
  process.exitCode = await run({
    args: process.argv.slice(2),
    env: process.env,
    out: (line) => console.log(line),
    note: (line) => console.error(line),
    terminal: process.stderr,
    signal: stop.signal,
  }).catch((thrown: unknown) => {
    console.error(`${name}: ${thrown instanceof Error ? thrown.message : 'failed'}`);
    return 1;
  });
};
