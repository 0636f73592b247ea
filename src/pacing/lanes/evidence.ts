/**
 * What speaks against an upstream since it last did what it is for. One caller's call that fails each time is no evidence
 * against it, however often it is made: different calls must have failed, and who has made them is noted, since all that one
 * client asks may be of the kind that fails.
 */

import type { Caller } from './suspects.ts';

/** Failures in a row that speak against it, */
export const FAILURES = 5;
/**
 * the milliseconds for which nothing may have succeeded: a server that restarts breaks all its connections at the same
 * moment, and is back before the second attempts;
 */
export const FAILING_MS = 3000;
/** and the different calls that must be among them. */
const CONTENTS = 3;

interface Witness {
  failures: number;
  /** Of the first. Monotonic milliseconds. */
  readonly since: number;
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
