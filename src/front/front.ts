/**
 * Stands before the app: who sends the very bytes that were answered from memory before gets that answer, before anything is
 * parsed. Whatever it does not wholly understand, it hands on.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Claim } from '../calls/byte-budget.ts';
import type { Identity } from '../calls/identity.ts';
import type { Identify } from '../http/auth.ts';
import { type Body, type BodyLimits, fill, flow, handOver } from '../http/body.ts';
import type { Caller, RequestRecord } from '../http/context.ts';
import type { Hit, Keeper } from '../http/endpoint.ts';
import { arrivedAt, noteArrival } from '../http/in-turn.ts';
import { requestId } from '../http/ledger.ts';
import type { QuotaState } from '../http/quota-headers.ts';
import { errorAnswer } from '../http/respond.ts';
import { type Answer, Answers } from './answers.ts';
import { Gathering } from './gathering.ts';
import { plainRequest } from './plain.ts';
import { type Asked, HEAD, recordOf, write } from './write.ts';

export interface FrontOptions {
  readonly identify: Identify;
  readonly limits: BodyLimits;
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
  /** Told of each answer, as the column is. */
  readonly onHit: (model: string) => void;
  readonly onRequest: (record: RequestRecord) => void;
  /** Of all answers kept. */
  readonly maxBytes: number;
}

/** Of what a process may keep of answers, the part in which they are kept whole; the rest is for pairs. */
export const frontBytes = (memoryBytes: number): number => Math.floor(memoryBytes / 4);

/** Headers that were found to be right. Of one key there are many spellings. */
const MOST_CALLERS = 1000;

export class Front implements Keeper {
  readonly #options: FrontOptions;
  readonly #answers: Answers;
  readonly #callers = new Map<string | undefined, Caller>();
  /** Requests that are handed on and were seen before, each by the name under which its answer may be kept. */
  readonly #named = new WeakMap<object, string>();

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
    if (this.#options.maxBytes === 0) return app;
    return (incoming, outgoing) => {
      const began = performance.now();
      const plain = plainRequest(incoming);
      const caller = plain && this.#callerOf(plain.authorization);
      if (caller === undefined || plain!.length > this.#options.limits.maxBytes)
        return app(incoming, outgoing);
      caller.usedAt = began;
      const authMs = performance.now() - began;
      const asked = { client: caller.name, authMs };
      this.#meet(incoming, outgoing, plain!.length, asked).then(
        (handedOn) => {
          if (handedOn) app(incoming, outgoing);
        },
        (thrown) => this.#fail(thrown, incoming, outgoing, asked),
      );
    };
  }

  /** A mistake of ours costs its own request, as in the app. */
  #fail(
    thrown: unknown,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    { client, authMs }: Pick<Asked, 'client' | 'authMs'>,
  ): void {
    const record: RequestRecord = {
      id: requestId(incoming.headers['x-request-id'] as string | undefined),
      method: 'POST',
      path: '/v1/rerank',
      startedAt: arrivedAt(incoming),
      client,
      authMs,
      outcome: 'error',
      status: 500,
      durationMs: 0,
    };
    const { status, headers, body } = errorAnswer(thrown, record);
    record.status = status;
    record.durationMs = performance.now() - record.startedAt;
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(status, headers).end(body);
    this.#options.onRequest(record);
  }

  begin(incoming: object, model: string, identity: Identity): ((hit: Hit) => void) | undefined {
    const name = this.#named.get(incoming);
    const standing = name === undefined ? undefined : this.#options.standing(model, identity);
    if (standing === undefined) return undefined;
    return ({ body, record, reply }) => {
      const { sources, takenAt, defanged = [] } = reply;
      const head = `${HEAD}${record.id}`;
      if (defanged.length > 0 || !sources.every((source) => source === 'memory')) return;
      if (!body.startsWith(head) || Buffer.byteLength(body) !== body.length) return;
      this.#answers.keep(name!, {
        rest: body.slice(head.length),
        model,
        documents: record.documents ?? 0,
        sources,
        samples: identity.whole ? 0 : sources.length,
        oldest: Math.min(...takenAt),
        holds: standing(takenAt),
      });
    };
  }

  /** @returns whether it is for the app */
  async #meet(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    length: number,
    { client, authMs }: Pick<Asked, 'client' | 'authMs'>,
  ): Promise<boolean> {
    const startedAt = arrivedAt(incoming);
    const handOn = (body: Promise<Body>): true => {
      noteArrival(incoming, startedAt);
      handOver(incoming, body);
      return true;
    };
    const { limits } = this.#options;
    let claim: Claim;
    let gathering: Gathering;
    try {
      claim = limits.budget.claim(length);
      gathering = new Gathering(length, (bytes) => {
        if (bytes > claim.bytes) claim.resize(bytes);
      });
      await fill(gathering, claim, limits, (append) => flow(incoming, append, limits.timeoutMs));
    } catch (thrown) {
      return handOn(Promise.reject(thrown));
    }
    const bytes = gathering.name();
    const name = bytes && `${client} ${bytes}`;
    const answer = name && this.#answers.find(name);
    if (answer && !this.#options.isSample(answer.samples)) {
      claim.release();
      this.#give(answer, incoming, outgoing, { client, startedAt, authMs });
      return false;
    }
    if (name && this.#answers.isKnown(name)) this.#named.set(incoming, name);
    return handOn(Promise.resolve({ bytes: gathering.take(), claim }));
  }

  #give(
    answer: Answer,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    asked: Pick<Asked, 'client' | 'startedAt' | 'authMs'>,
  ): void {
    const { quotaOf, onHit, onRequest } = this.#options;
    const id = requestId(incoming.headers['x-request-id'] as string | undefined);
    onHit(answer.model);
    write(answer, outgoing, { id, authMs: asked.authMs, quota: quotaOf(asked.client) });
    onRequest(recordOf(answer, { ...asked, id }));
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
