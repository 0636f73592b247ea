/**
 * A call that still waits for its slot takes in whatever else is asked about the same question: the queue's length counts
 * questions, not callers. When the slot is granted, it closes.
 *
 * A call that is refused for what it holds falls apart into two, and these again, until each of its members has an answer
 * from a call without the one that is to blame, and that one has the refusal of a call that held nothing but its own.
 */

import { concatenate } from '../calls/digests.ts';
import { isAboutContent, type RerankError, toRerankError } from '../calls/errors.ts';
import { joined, partOf } from '../calls/parts.ts';
import type { Ask, Layer, Place, Scorer, Scores } from '../calls/scoring.ts';
import { SharedTerms } from '../calls/shared-terms.ts';
import { sharedKey } from './flight.ts';

export interface BatchOptions {
  /** The most that one call may ask about, and the bytes of text that others may bring it to. */
  readonly maxDocuments?: number;
  readonly maxBytes?: number;
  /** Told when an ask joins a call that waits. */
  readonly onJoin?: (model: string) => void;
}

/** What Heroku takes in one call. */
const MAX_DOCUMENTS = 1000;

/**
 * A thousand documents of 4 KB. A larger call is slower for everybody in it, and what Heroku takes at most is not
 * documented; one caller's own call may be larger.
 */
const MAX_BYTES = 4 * 1024 * 1024;

export const batch =
  ({ maxDocuments = MAX_DOCUMENTS, maxBytes = MAX_BYTES, onJoin = () => {} }: BatchOptions = {}): Layer =>
  (inner) => {
    const waiting = new Map<string, Batch>();
    return {
      score(ask) {
        // Scores that depend on companions must not get new ones.
        const key = ask.identity.whole || ask.alone ? undefined : sharedKey(ask);
        if (key === undefined) return inner.score(ask);
        const open = waiting.get(key);
        if (open?.hasRoomFor(ask, maxDocuments, maxBytes)) {
          onJoin(ask.model);
          return open.join(ask);
        }
        const batch = new Batch(ask, () => {
          if (waiting.get(key) === batch) waiting.delete(key);
        });
        waiting.set(key, batch);
        const scores = batch.join(ask);
        void batch.run(inner);
        return scores;
      },
    };
  };

interface Member {
  readonly ask: Ask;
  readonly resolve: (scores: Scores) => void;
  readonly reject: (error: RerankError) => void;
  /** Stops listening to the ask's terms. */
  readonly forget: () => void;
}

class Batch {
  readonly #first: Ask;
  readonly #onClose: () => void;
  readonly #members = new Set<Member>();
  /** Of all members, and the UTF-8 bytes of these. */
  #documents = 0;
  #bytes = 0;
  readonly #cancel = new AbortController();
  readonly #terms: SharedTerms;
  /** Who the latest attempt asks for. */
  #sealed: readonly Member[] | undefined;
  #expectedAnswer: number | undefined;

  /** @param onClose called once nobody may join any more */
  constructor(first: Ask, onClose: () => void) {
    this.#first = first;
    this.#onClose = onClose;
    this.#terms = new SharedTerms(first.terms.client, this.#cancel.signal, () =>
      [...this.#members].map(({ ask }) => ask.terms),
    );
  }

  hasRoomFor({ documents }: Ask, maxDocuments: number, maxBytes: number): boolean {
    return this.#documents + documents.length <= maxDocuments && this.#bytes + bytesOf(documents) <= maxBytes;
  }

  join(ask: Ask): Promise<Scores> {
    return new Promise((resolve, reject) => {
      const { terms } = ask;
      const onAbort = (): void => this.#leave(member, toRerankError(terms.signal.reason));
      const announce = (place: Place): void => this.#terms.announce(place);
      const unsubscribe = terms.onNewcomer?.(announce);
      const forget = (): void => {
        unsubscribe?.();
        terms.signal.removeEventListener('abort', onAbort);
      };
      const member: Member = { ask, resolve, reject, forget };
      this.#members.add(member);
      this.#documents += ask.documents.length;
      this.#bytes += bytesOf(ask.documents);
      terms.signal.addEventListener('abort', onAbort, { once: true });
      announce(terms);
      if (this.#expectedAnswer !== undefined) ask.onQueued?.(this.#expectedAnswer);
      if (terms.signal.aborted) onAbort();
    });
  }

  /** Makes the call, for the members that there are when its slot is granted. */
  async run(inner: Scorer): Promise<void> {
    if (this.#cancel.signal.aborted) return;
    const onQueued = (expectedAnswer: number): void => {
      this.#expectedAnswer = expectedAnswer;
      for (const { ask } of [...this.#members]) ask.onQueued?.(expectedAnswer);
    };
    try {
      const seal = (): Pick<Ask, 'documents' | 'identity'> => this.#seal();
      this.#tell(await inner.score({ ...this.#first, terms: this.#terms, onQueued, seal }));
    } catch (thrown) {
      this.#onClose();
      const error = toRerankError(thrown);
      if (isAboutContent(error) && (this.#sealed?.length ?? 1) > 1) this.#fallApart(inner);
      else for (const member of [...this.#members]) this.#release(member).reject(error);
    }
  }

  /** Asks again for those who still wait, in two calls that nobody joins. */
  #fallApart(inner: Scorer): void {
    const members = [...this.#members];
    const middle = Math.ceil(members.length / 2);
    for (const half of [members.slice(0, middle), members.slice(middle)]) {
      if (half.length === 0) continue;
      const batch = new Batch(half[0]!.ask, () => {});
      for (const member of half) {
        const { ask, resolve, reject } = this.#release(member);
        batch.join(ask).then(resolve, reject);
      }
      void batch.run(inner);
    }
  }

  /** Nobody joins any more. What those ask who are here now is what the call asks, anew in every attempt. */
  #seal(): Pick<Ask, 'documents' | 'identity'> {
    this.#onClose();
    this.#sealed = [...this.#members];
    const asks = this.#sealed.map(({ ask }) => ask);
    const digests = concatenate(asks.map(({ identity }) => identity.digests));
    return {
      documents: asks.flatMap(({ documents }) => documents),
      identity: { ...this.#first.identity, digests },
    };
  }

  #leave(member: Member, reason: RerankError): void {
    if (!this.#members.has(member)) return;
    this.#release(member).reject(reason);
    if (this.#members.size > 0) return;
    this.#onClose();
    this.#cancel.abort(reason);
  }

  #release(member: Member): Member {
    this.#members.delete(member);
    this.#documents -= member.ask.documents.length;
    this.#bytes -= bytesOf(member.ask.documents);
    member.forget();
    return member;
  }

  /** Bills what the call cost on whoever has caused it or, when that one has left, on the first who stayed. */
  #tell(scores: Scores): void {
    const shared = joined(scores);
    let at = 0;
    let billed = false;
    for (const member of this.#sealed ?? [...this.#members]) {
      const places = Array.from(member.ask.documents, (_, i) => at + i);
      at += places.length;
      if (!this.#members.has(member)) continue;
      const own = member.ask === this.#first ? scores : shared;
      this.#release(member).resolve(partOf(own, places, billed ? 0 : scores.searchUnits));
      billed = true;
    }
  }
}

const bytesOf = (documents: readonly string[]): number =>
  documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0);
