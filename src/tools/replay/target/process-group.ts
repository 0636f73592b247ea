/** The processes of one replay: watched while it runs, and ended with it. */

import type { Child } from './child.ts';

export class ProcessGroup {
  readonly #children: Child[] = [];
  #stopping = false;
  #report: (what: string) => void = () => {};
  /** Resolves when a process ends unexpectedly. */
  readonly died = new Promise<string>((resolve) => {
    this.#report = resolve;
  });

  add(name: string, child: Child): void {
    this.#children.push(child);
    void child.exited.then((how) => {
      if (!this.#stopping) this.#report(`${name} ${how}\n${child.lastWords()}`.trim());
    });
  }

  /** Ends them in reverse order of their start: each was started after those that it needs. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const child of this.#children.splice(0).reverse()) await child.stop();
  }
}
