/**
 * Stands before the app, and answers what is plain: a POST to an endpoint, by a caller that is known. Who sends the very bytes
 * that were answered from memory before gets that answer, before anything is parsed. Whatever the front does not wholly
 * understand, it hands on.
 */

import type { RequestListener } from 'node:http';
import type { Claim } from '../calls/byte-budget.ts';
import type { Identity } from '../calls/identity.ts';
import { samplesOf } from '../calls/unseen.ts';
import type { Answer, Keep } from '../http/ask.ts';
import type { Identify } from '../http/auth.ts';
import { collect } from '../http/body.ts';
import type { Caller, RequestRecord } from '../http/context.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { type QuotaState, quotaFields } from '../http/quota-headers.ts';
import { errorAnswer, oldestOf } from '../http/respond.ts';
import { Answers, type Kept } from './answers.ts';
import { Exchange } from './exchange.ts';
import { Gathering } from './gathering.ts';
import { plainRequest } from './plain.ts';
import { Scratch } from './scratch.ts';
import { HEAD, send, sendKept } from './write.ts';

export interface FrontOptions {
  readonly identify: Identify;
  /** By path. */
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  /** Names and values, alternating, of the headers that every answer has. */
  readonly fields: readonly string[];
  /** Undefined for a client without a quota. */
  readonly quotaOf: (client: string) => QuotaState | undefined;
  /**
   * Notes what memory knows of a call now, and how long that is fresh.
   * @returns whether memory would still give the same; undefined when it knows nothing
   */
  readonly standing: (
    model: string,
    identity: Identity,
  ) => ((takenAt: Float64Array) => () => boolean) | undefined;
  /** Whether an answer from so many values should take the long way, for those to see who look at samples. */
  readonly isSample: (values: number) => boolean;
  /** Told of each kept answer, as the column is of others. */
  readonly onHit: (model: string) => void;
  readonly onRequest: (record: RequestRecord) => void;
  /** Of all answers kept. */
  readonly maxBytes: number;
}

/** Of what a process may keep of answers, the part in which they are kept whole; the rest is for pairs. */
export const frontBytes = (memoryBytes: number): number => Math.floor(memoryBytes / 4);

const never = (): boolean => false;

/** Headers that were found to be right. Of one key there are many spellings. */
const MOST_CALLERS = 1000;

export class Front {
  readonly #options: FrontOptions;
  readonly #answers: Answers;
  readonly #scratch = new Scratch();
  readonly #callers = new Map<string | undefined, Caller>();

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#answers = new Answers(options.maxBytes);
  }

  /** Bytes of the answers kept. */
  get bytes(): number {
    return this.#answers.bytes;
  }

  /** A listener before the app's. */
  before(app: RequestListener): RequestListener {
    const { endpoints } = this.#options;
    return (incoming, outgoing) => {
      const began = performance.now();
      const plain = plainRequest(incoming);
      const endpoint = plain && endpoints[plain.path];
      const caller = endpoint && this.#callerOf(plain.authorization);
      if (caller === undefined || plain!.length > endpoint!.limits.maxBytes) return app(incoming, outgoing);
      caller.usedAt = began;
      const { path, length, repeatable } = plain!;
      const exchange = new Exchange({ incoming, outgoing, caller, path, began });
      this.#receive(exchange, endpoint!, length, repeatable && this.#options.maxBytes > 0);
    };
  }

  /** Reads the body, and answers. */
  #receive(exchange: Exchange, endpoint: Endpoint, length: number, repeatable: boolean): void {
    const { limits } = endpoint;
    let claim: Claim;
    try {
      claim = limits.budget.claim(length);
    } catch (thrown) {
      this.#fail(exchange, thrown);
      return;
    }
    const onGrow = (bytes: number): void => {
      if (bytes > claim.bytes) claim.resize(bytes);
    };
    const gathering = new Gathering(length, onGrow, repeatable ? this.#answers.isKnown : never);
    collect(exchange.incoming, gathering, claim, limits, (thrown) => {
      if (thrown !== undefined) {
        claim.release();
        this.#fail(exchange, thrown);
        return;
      }
      try {
        const kept = this.#find(exchange, gathering.name());
        if (kept !== undefined) {
          claim.release();
          this.#repeat(exchange, kept);
          return;
        }
        const answer = endpoint.take(exchange, {
          length,
          take: () => gathering.take(this.#scratch.join),
          giveBack: this.#scratch.giveBack,
          claim,
        });
        if (answer instanceof Promise) {
          // Whatever fails, giving included: a rejection that nobody handles would end the process.
          answer.then((each) => this.#give(exchange, each)).catch((thrown) => this.#fail(exchange, thrown));
        } else this.#give(exchange, answer);
      } catch (thrown) {
        this.#fail(exchange, thrown);
      }
    });
  }

  /** The answer that is kept for the same bytes; else has it kept. @param bytes their name; undefined: they are new */
  #find(exchange: Exchange, bytes: string | undefined): Kept | undefined {
    if (bytes === undefined) return undefined;
    const name = `${exchange.caller.name} ${bytes}`;
    const kept = this.#answers.find(name);
    if (kept !== undefined && !this.#options.isSample(kept.samples)) return kept;
    exchange.keep = (...asked) => this.#begin(name, ...asked);
    return undefined;
  }

  #repeat(exchange: Exchange, kept: Kept): void {
    this.#options.onHit(kept.model);
    sendKept(exchange.outgoing, kept, exchange.record, this.#fieldsFor(exchange));
    this.#end(exchange, 200);
  }

  /** @see Keep */
  #begin(name: string, model: string, identity: Identity): ReturnType<Keep> {
    const standing = this.#options.standing(model, identity);
    if (standing === undefined) return undefined;
    return ({ body, record, reply }) => {
      const { sources, takenAt, defanged = [] } = reply;
      const head = `${HEAD}${record.id}`;
      if (defanged.length > 0 || !sources.every((source) => source === 'memory')) return;
      if (!body.startsWith(head) || Buffer.byteLength(body) !== body.length) return;
      this.#answers.keep(name, {
        rest: body.slice(head.length),
        model,
        documents: record.documents ?? 0,
        sources: record.sources ?? {},
        samples: samplesOf(identity),
        oldest: oldestOf(takenAt),
        holds: standing(takenAt),
      });
    };
  }

  #give(exchange: Exchange, answer: Answer): void {
    send(exchange.outgoing, answer, this.#fieldsFor(exchange));
    this.#end(exchange, answer.status);
  }

  /** A mistake of ours costs its own request, as in the app: whatever fails here as well, the process lives. */
  #fail(exchange: Exchange, thrown: unknown): void {
    const { outgoing, record } = exchange;
    try {
      const answer = errorAnswer(thrown, record);
      // The mistake may be in what would be said beside it.
      const fields = answer.status === 500 ? this.#options.fields : this.#fieldsFor(exchange);
      if (outgoing.headersSent) outgoing.destroy();
      else send(outgoing, answer, fields);
      this.#end(exchange, answer.status);
    } catch {
      outgoing.destroy();
    }
  }

  #end({ record }: Exchange, status: number): void {
    record.status = status;
    record.durationMs = performance.now() - record.startedAt;
    this.#options.onRequest(record);
  }

  /** Headers that depend on who asks, and not on the answer. */
  #fieldsFor({ caller }: Exchange): readonly string[] {
    const { fields, quotaOf } = this.#options;
    const quota = quotaOf(caller.name);
    return quota === undefined ? fields : [...fields, ...quotaFields(quota).flat()];
  }

  /** Undefined for whoever the app is to refuse. */
  #callerOf(authorization: string | undefined): Caller | undefined {
    const known = this.#callers.get(authorization);
    if (known !== undefined) return known;
    try {
      const caller = this.#options.identify(authorization);
      if (this.#callers.size >= MOST_CALLERS) this.#callers.clear();
      this.#callers.set(authorization, caller);
      return caller;
    } catch {
      return undefined;
    }
  }
}
