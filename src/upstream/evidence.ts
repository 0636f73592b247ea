/**
 * The evidence against an upstream since its last success. One call that fails each time is no evidence, however often it is
 * made: different calls must have failed. Failures are counted by client, since all calls of one client may be of the kind
 * that fails.
 */

import type { Caller } from './suspects.ts';

/** Failures in a row that are enough. */
export const FAILURES = 5;

/**
 * Nothing must have succeeded for so long, milliseconds: a server that restarts breaks all its connections at once, and is
 * back before the calls are made a second time.
 */
export const FAILING_MS = 3000;

/** Different calls that must be among the failures. */
const CONTENTS = 3;

interface Witness {
  failures: number;
  /** When the first failed call began, or the upstream's last success if that is later. Monotonic milliseconds. */
  readonly since: number;
  /** Different calls among them, up to the number that is enough. */
  readonly contents: Set<unknown>;
}

export class Evidence {
  /** By client; undefined for calls that could not even be made, which are no client's fault. Bounded, since clients are configured. */
  readonly #witnesses = new Map<string | undefined, Witness>();

  /** @returns whether there is enough evidence to keep this client's calls away */
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
