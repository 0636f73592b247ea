/** A call that asks for a permit, from its arrival until it is granted, refused or given up: the one record of it. */

import type { Again } from '../calls/attempt.ts';
import type { Terms } from '../calls/call.ts';
import type { RerankError } from '../calls/errors.ts';
import type { Asked, Permit } from '../calls/permit.ts';
import type { Attempt } from '../upstream/choice.ts';
import type { Place } from './queue/fair-queue.ts';

/**
 * More urgent than anything that callers can ask for: a call that is made again has had its turn already, and a caller that
 * comes back when it was told to has waited.
 */
export const FIRST = -1;

/** What a call has to expect in the queue. */
export interface Expectation {
  /** Milliseconds until the call would start. */
  readonly waitMs: number;
  /** When its answer is there at the latest, as far as can be told; for a call that starts at once, now: no later attempt could be faster. */
  readonly answerAt: number;
  /** It would have to wait, or nearly so: what others do at this moment matters. */
  readonly close: boolean;
}

export class Ticket implements Place, Attempt {
  client: string;
  urgency: number;
  again: Again | undefined;
  /** The same for the same question: whoever was refused and comes back with it is known by that. */
  readonly question: string | undefined;
  readonly content: string | undefined;
  /** When it came, monotonic milliseconds, and for how long it was willing to wait then, milliseconds. */
  readonly since = performance.now();
  readonly patienceMs: number;
  /** From its arrival, as predicted, milliseconds. */
  waitMs = 0;
  readonly #terms: Terms;
  readonly #asked: Asked;
  readonly #mostTokens: number;
  #told = Number.NEGATIVE_INFINITY;
  /** It has outgrown what it had asked for. */
  #grows = false;
  #end: (() => void) | undefined;
  #resolve!: (permit: Permit) => void;
  #reject!: (reason: unknown) => void;

  /** @param mostTokens no call costs more than all that a window has */
  constructor(terms: Terms, asked: Asked, mostTokens: number) {
    const { again, question, content } = asked;
    this.client = terms.client;
    this.urgency = again ? FIRST : terms.urgency;
    this.again = again;
    this.question = again ? undefined : question;
    this.content = content?.();
    this.patienceMs = terms.deadline - this.since;
    this.#terms = terms;
    this.#asked = asked;
    this.#mostTokens = mostTokens;
  }

  /** Monotonic milliseconds; later when somebody joins who is more patient. */
  get deadline(): number {
    return this.#terms.deadline;
  }

  /** What it is likely to cost if it is made now. */
  get tokens(): number {
    return Math.min(this.#asked.tokens?.likely() ?? 0, this.#mostTokens);
  }

  /** What it costs at most if it is made now. */
  get cost(): number {
    return Math.min(this.#asked.tokens?.most() ?? 0, this.#mostTokens);
  }

  /** The tokens that it asks for: if others join it while it asks, for those who will have come when it hears, too. */
  get asks(): number {
    const { tokens } = this.#asked;
    return this.#grows && tokens ? Math.min(2 * this.cost, tokens.full(), this.#mostTokens) : this.cost;
  }

  /** It has got a permit for fewer tokens than it costs by now, since others have joined it. */
  outgrow(): void {
    this.#grows = true;
  }

  /** Neither granted, refused nor given up. */
  get waits(): boolean {
    return this.#end !== undefined;
  }

  /**
   * It begins to wait, unless nobody waits for it any more: then the signal's reason is thrown.
   * @param onAbort called when nobody waits for it any more
   * @param onNewcomer called when somebody joins the call, with the place that it would have if it were his alone
   * @returns rejects as the call is refused
   */
  wait(
    { waitMs, answerAt }: Expectation,
    onAbort: () => void,
    onNewcomer: (newcomer: Place) => void,
  ): Promise<Permit> {
    const { signal } = this.#terms;
    this.waitMs = waitMs;
    this.#tell(answerAt);
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort, { once: true });
    const unsubscribe = this.#terms.onNewcomer?.(onNewcomer);
    this.#end = () => {
      this.#end = undefined;
      signal.removeEventListener('abort', onAbort);
      unsubscribe?.();
    };
    return new Promise((resolve, reject) => {
      [this.#resolve, this.#reject] = [resolve, reject];
    });
  }

  /** It is judged anew while it waits. */
  expect({ waitMs, answerAt }: Expectation): void {
    this.waitMs = performance.now() - this.since + waitMs;
    this.#tell(answerAt);
  }

  /** Its answer is there no sooner: whoever waits for it is told so, unless he knows. */
  expectLater(answerAt: number): void {
    if (answerAt > this.#told) this.#tell(answerAt);
  }

  #tell(answerAt: number): void {
    this.#told = answerAt;
    this.#asked.onQueued?.(answerAt);
  }

  /** The call may start, and grows no more. */
  grant(permit: () => Permit): void {
    this.#end?.();
    this.#asked.onGrant?.();
    this.#resolve(permit());
  }

  /** @param reason a `RerankError` */
  refuse(reason: RerankError): void {
    this.#end?.();
    this.#reject(reason);
  }
}
