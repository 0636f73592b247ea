/**
 * What speaks against an upstream since it last did what it is for. One call that fails each time is no evidence against
 * it, however often it is made: different calls must have failed. Failures are counted client by client, since all that
 * one client asks may be of the kind that fails.
 */

import type { Caller } from './suspects.ts';

/** So many failures in a row speak against it. */
export const FAILURES = 5;

/**
 * For so long nothing must have succeeded, milliseconds: a server that restarts breaks all its connections at the same
 * moment, and is back before the calls are made a second time.
 */
export const FAILING_MS = 3000;

/** So many different calls must be among the failures. */
const CONTENTS = 3;

interface Witness {
  failures: number;
  /** When the first of them began, or when the upstream last did well if that is later. Monotonic milliseconds. */
  readonly since: number;
  /** Different calls among them, as far as they matter. */
  readonly contents: Set<unknown>;
}

export class Evidence {
  /** By client; undefined for calls that could not even be made, which are nobody's fault. Clients are configured. */
  readonly #witnesses = new Map<string | undefined, Witness>();

  /** @returns whether it is enough that this client's calls are kept away */
  add({ client, content }: Partial<Caller>, since: number, now: number): boolean {
    const witness = this.#witnesses.get(client) ?? { failures: 0, since, contents: new Set<unknown>() };
    this.#witnesses.set(client, witness);
    witness.failures++;
    if (witness.contents.size < CONTENTS) witness.contents.add(content ?? Symbol('nobody’s'));
    return (
      witness.failures >= FAILURES && now - witness.since >= FAILING_MS && witness.contents.size >= CONTENTS
    );
  }

  clear(): void {
    this.#witnesses.clear();
  }
}
