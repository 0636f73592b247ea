/**
 * This process's calls by the ids under which Redis knows them, and which of them Redis has yet to hear of. A call is
 * forgotten when its place is free, and Redis no longer holds it: so as many are kept as may start within a lease, whether
 * Redis ever comes back or not. Pure: times are monotonic milliseconds that callers pass.
 */

export interface OwnCall {
  readonly owner: 'own';
  readonly id: string;
  readonly spaced: boolean;
  readonly releaseAt: number;
  readonly calls: 1;
}

/** What Redis has to hear of a call, and the milliseconds for which its place must still be held. */
export interface Untold {
  readonly id: string;
  /** `unused`: no call was sent, so nobody holds it. */
  readonly kind: 'burst' | 'spaced' | 'unused';
  readonly holdMs: number;
}

interface Record extends OwnCall {
  readonly unused: boolean;
  /** Redis knows all this. */
  told: boolean;
  /** Redis may hold the place until then. */
  heldThereUntil: number;
}

/** Some calls that Redis has to hear of. */
export interface Piece {
  readonly calls: readonly Untold[];
  /** To be called when it has. What has become of a call meanwhile is still to be told. */
  told(): void;
}

/** Calls told with one command: a script's arguments lie on a stack, and nobody else is served meanwhile. */
const PIECE = 500;

export class OwnCalls {
  /** By and large in the order in which they can be forgotten. */
  readonly #calls = new Map<string, Record>();
  readonly #leaseMs: number;

  /** @param leaseMs how long Redis holds a place of which it is told nothing more */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  get size(): number {
    return this.#calls.size;
  }

  get(id: string): OwnCall | undefined {
    const call = this.#calls.get(id);
    return call?.unused ? undefined : call;
  }

  /** A call, or what has become of it. @param told Redis is being told, or has said so itself */
  add(
    id: string,
    { spaced, releaseAt, told }: Pick<Record, 'spaced' | 'releaseAt' | 'told'>,
    now: number,
  ): OwnCall {
    return this.#enter({ owner: 'own', id, spaced, releaseAt, calls: 1, unused: false, told }, now);
  }

  /**
   * The place was not used; or was asked for, and it is not known whether Redis has granted it.
   * @param told Redis is being told
   */
  cancel(id: string, now: number, told: boolean): void {
    const known = this.#calls.get(id);
    if (known !== undefined && known.heldThereUntil <= now) this.#calls.delete(id);
    else this.#enter({ owner: 'own', id, spaced: false, releaseAt: now, calls: 1, unused: true, told }, now);
  }

  /** Redis knows nothing any more, or may have missed something. */
  doubt(): void {
    for (const call of this.#calls.values()) call.told = false;
  }

  /** Places held. */
  held(now: number): number {
    let held = 0;
    for (const { unused, releaseAt } of this.#calls.values()) if (!unused && releaseAt > now) held++;
    return held;
  }

  /**
   * The calls that Redis has to hear of, in pieces of bounded size. What ends or begins while a piece is being told
   * may be left for the next time.
   */
  *pieces(now: () => number): Generator<Piece> {
    let taken: Record[] = [];
    for (const call of this.#calls.values()) {
      if (!call.told) taken.push(call);
      if (taken.length < PIECE) continue;
      yield pieceOf(taken, now());
      taken = [];
    }
    if (taken.length > 0) yield pieceOf(taken, now());
  }

  forget(now: number): void {
    for (const [id, { releaseAt, told, heldThereUntil }] of this.#calls) {
      if (releaseAt > now || (!told && heldThereUntil > now)) break;
      this.#calls.delete(id);
    }
  }

  #enter(call: Omit<Record, 'heldThereUntil'>, now: number): Record {
    const before = this.#calls.get(call.id)?.heldThereUntil ?? 0;
    // What it is being told may be lost on its way.
    const leased = call.told || call.unused ? now + this.#leaseMs : 0;
    const record = { ...call, heldThereUntil: Math.max(before, leased) };
    this.#calls.set(call.id, record);
    return record;
  }
}

const pieceOf = (records: readonly Record[], now: number): Piece => ({
  calls: records.map(({ id, spaced, unused, releaseAt }) => ({
    id,
    kind: unused ? 'unused' : spaced ? 'spaced' : 'burst',
    holdMs: Math.max(0, releaseAt - now),
  })),
  told() {
    for (const record of records) {
      record.told = true;
      record.heldThereUntil = record.releaseAt;
    }
  },
});
