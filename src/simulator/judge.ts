import { type Fault, Faults } from './faults.ts';
import { Refusal } from './refusal.ts';
import { fieldsOf, modelOf, type RerankRequest, validated } from './request.ts';
import { SlidingWindow } from './sliding-window.ts';

export interface JudgeOptions {
  readonly keys: Readonly<Record<string, { models?: readonly string[] }>>;
  /** Known models, and calls that a window lets each key make. */
  readonly limits: Readonly<Record<string, number>>;
  readonly windowMs: number;
  /** Asked for every call: whether its answer says how much room there is. */
  readonly rateLimitHeaders: () => boolean;
  /** Draws a fault for a call that is let in and has none so far. */
  readonly unkind?: (() => Fault | undefined) | undefined;
}

/** What has arrived: the key it presented, its parsed body (undefined: not JSON), the time (ms). */
export interface Arrival {
  readonly key: string;
  readonly body: unknown;
  readonly at: number;
}

export type Verdict = { readonly headers: Readonly<Record<string, string>> } & (
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'accepted'; readonly request: RerankRequest; readonly fault: Fault | undefined }
);

/** The bearer token of an Authorization header, '' when there is none. The scheme is case-insensitive (RFC 9110). */
export const bearerOf = (authorization: string | undefined): string =>
  /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';

/** Decides what becomes of a call. Knows keys, models, windows and pending faults; no sockets, no clock. */
export class Judge {
  readonly faults = new Faults();
  // Maps, not the records themselves: a caller may send a key or model called `constructor`.
  readonly #keys: ReadonlyMap<string, { models?: readonly string[] }>;
  readonly #limits: ReadonlyMap<string, number>;
  readonly #windows = new Map<string, Map<string, SlidingWindow>>();
  readonly #windowMs: number;
  readonly #rateLimitHeaders: () => boolean;
  readonly #unkind: () => Fault | undefined;

  constructor({ keys, limits, windowMs, rateLimitHeaders, unkind = () => undefined }: JudgeOptions) {
    if (!(windowMs > 0)) throw new RangeError('windowMs must be above 0');
    for (const [model, limit] of Object.entries(limits)) {
      if (!Number.isInteger(limit) || limit < 0)
        throw new RangeError(`the limit of ${model} must be an integer from 0`);
    }
    this.#keys = new Map(Object.entries(keys));
    this.#limits = new Map(Object.entries(limits));
    this.#windowMs = windowMs;
    this.#rateLimitHeaders = rateLimitHeaders;
    this.#unkind = unkind;
  }

  judge(arrival: Arrival): Verdict {
    let headers: Readonly<Record<string, string>> = {};
    const tells = this.#rateLimitHeaders();
    try {
      const window = this.#windowFor(arrival);
      headers = this.#headers(window, arrival.at, tells);
      this.#authorize(arrival);
      const request = validated(arrival.body);
      const fault = this.faults.take(request);
      // A call that fails later was still counted on arrival; only one refused for its rate was not.
      const refused = fault?.kind === 'status' && fault.status === 429;
      const admitted = refused || window.take(arrival.at);
      headers = this.#headers(window, arrival.at, tells);
      if (!admitted && fault === undefined)
        throw new Refusal(429, 'The rate limit of this model is used up.');
      return { outcome: 'accepted', headers, request, fault: fault ?? this.#unkind() };
    } catch (thrown) {
      if (thrown instanceof Refusal) return { outcome: 'refused', headers, refusal: thrown };
      throw thrown;
    }
  }

  /** Every window is empty again. */
  forget(): void {
    this.#windows.clear();
  }

  #windowFor({ key, body }: Arrival): SlidingWindow {
    if (!this.#keys.has(key)) throw new Refusal(401, 'The API key is missing or not valid.');
    fieldsOf(body);
    const model = modelOf(body)!;
    const limit = this.#limits.get(model);
    if (limit === undefined) throw new Refusal(404, 'model: there is no such model.');
    const ofKey = this.#windows.get(key) ?? new Map<string, SlidingWindow>();
    this.#windows.set(key, ofKey);
    const window = ofKey.get(model) ?? new SlidingWindow(limit, this.#windowMs);
    ofKey.set(model, window);
    return window;
  }

  #authorize({ key, body }: Arrival): void {
    const models = this.#keys.get(key)?.models;
    if (models !== undefined && !models.includes(modelOf(body)!)) {
      throw new Refusal(403, 'The API key may not use this model.');
    }
  }

  #headers(window: SlidingWindow, at: number, tells: boolean): Readonly<Record<string, string>> {
    if (!tells) return {};
    const { limit, remaining, resetMs } = window.state(at);
    return {
      'x-ratelimit-limit-requests': String(limit),
      'x-ratelimit-remaining-requests': String(remaining),
      'x-ratelimit-reset-requests': `${Math.ceil(resetMs / 1000)}s`,
    };
  }
}
