/** Places that are held, in the order in which they come free. Pure: times are monotonic milliseconds. */

/** One place, or several that come free together. */
export interface Release {
  /** When it comes free; for a call in flight, when it must have ended and a window more. */
  readonly releaseAt: number;
  /** How many places, at least 1. */
  readonly calls: number;
}

export class Releases<T extends Release> {
  /** Ascending. */
  #places: T[] = [];
  #calls = 0;

  /** Places, not records. */
  get calls(): number {
    return this.#calls;
  }

  /** Ascending; not to be kept. */
  get list(): readonly T[] {
    return this.#places;
  }

  /** When the first comes free; undefined when none is held. */
  get first(): number | undefined {
    return this.#places[0]?.releaseAt;
  }

  add(place: T): void {
    this.#places.splice(this.#after(place.releaseAt), 0, place);
    this.#calls += place.calls;
  }

  /** False when it is not there. To be called before its releaseAt changes. */
  remove(place: T): boolean {
    // Equal moments stand side by side.
    for (let at = this.#after(place.releaseAt) - 1; at >= 0; at--) {
      if (this.#places[at] === place) {
        this.#places.splice(at, 1);
        this.#calls -= place.calls;
        return true;
      }
      if (this.#places[at]!.releaseAt < place.releaseAt) return false;
    }
    return false;
  }

  /** What has come free by now is forgotten. */
  dropUntil(now: number): void {
    if ((this.first ?? now + 1) > now) return;
    for (const { calls } of this.#places.splice(0, this.#after(now))) this.#calls -= calls;
  }

  /** Keeps those of its places that `keep` accepts, and takes others in. */
  exchange(keep: (place: T) => boolean, others: readonly T[] = []): void {
    this.#places = [...this.#places.filter(keep), ...others].sort((a, b) => a.releaseAt - b.releaseAt);
    this.#calls = this.#places.reduce((sum, { calls }) => sum + calls, 0);
  }

  /** The index behind all that come free at `moment` or before. */
  #after(moment: number): number {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#places[middle]!.releaseAt <= moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
