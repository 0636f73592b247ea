import { type Fault, Faults } from './faults.ts';
import { Refusal } from './refusal.ts';
import { fieldsOf, modelOf } from './request.ts';
import { type Accepted, type Route, type RouteName, routeOf } from './routes.ts';
import { SlidingWindow, type WindowState } from './sliding-window.ts';
import { TokenWindow } from './token-window.ts';

export interface JudgeOptions {
  readonly keys: Readonly<Record<string, { models?: readonly string[] }>>;
  /** Known models, and calls that a window lets each key make. */
  readonly limits: Readonly<Record<string, number>>;
  /** Tokens that a window lets each key have embedded; a model without an entry has no such limit. */
  readonly tokenLimits?: Readonly<Record<string, number>> | undefined;
  readonly windowMs: number;
  /** Asked for every call: whether its answer says how much room there is. */
  readonly rateLimitHeaders: () => boolean;
  /** Draws a fault for a call that is let in and has none so far. */
  readonly unkind?: ((route: RouteName) => Fault | undefined) | undefined;
}

/** What has arrived: the key it presented, its parsed body (undefined: not JSON), the time (ms). */
export interface Arrival {
  readonly key: string;
  readonly body: unknown;
  readonly at: number;
}

export type Verdict = { readonly headers: Readonly<Record<string, string>> } & (
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'accepted'; readonly accepted: Accepted; readonly fault: Fault | undefined }
);

/** The bearer token of an Authorization header, '' when there is none. The scheme is case-insensitive (RFC 9110). */
export const bearerOf = (authorization: string | undefined): string =>
  /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';

/** What counts the calls of one key to one model. */
interface Windows {
  readonly calls: SlidingWindow;
  readonly tokens: TokenWindow | undefined;
}

/** Decides what becomes of a call. Knows keys, models, windows and pending faults; no sockets, no clock. */
export class Judge {
  readonly faults = new Faults();
  // Maps, not the records themselves: a caller may send a key or model called `constructor`.
  readonly #keys: ReadonlyMap<string, { models?: readonly string[] }>;
  readonly #limits: ReadonlyMap<string, number>;
  readonly #tokenLimits: ReadonlyMap<string, number>;
  readonly #windows = new Map<string, Map<string, Windows>>();
  readonly #windowMs: number;
  readonly #rateLimitHeaders: () => boolean;
  readonly #unkind: (route: RouteName) => Fault | undefined;

  constructor({ keys, limits, tokenLimits = {}, windowMs, ...options }: JudgeOptions) {
    const { rateLimitHeaders, unkind = () => undefined } = options;
    if (!(windowMs > 0)) throw new RangeError('windowMs must be above 0');
    for (const [model, limit] of Object.entries(limits)) {
      if (!Number.isInteger(limit) || limit < 0)
        throw new RangeError(`the limit of ${model} must be an integer from 0`);
    }
    this.#keys = new Map(Object.entries(keys));
    this.#limits = new Map(Object.entries(limits));
    this.#tokenLimits = new Map(Object.entries(tokenLimits));
    this.#windowMs = windowMs;
    this.#rateLimitHeaders = rateLimitHeaders;
    this.#unkind = unkind;
  }

  judge(arrival: Arrival, route: Route): Verdict {
    let headers: Readonly<Record<string, string>> = {};
    const tells = this.#rateLimitHeaders();
    const { at } = arrival;
    try {
      const windows = this.#windowsFor(arrival, route);
      headers = tells ? headersOf(windows, at) : {};
      this.#authorize(arrival);
      const accepted = route.read(arrival.body);
      const fault = this.faults.take(accepted.request);
      // A call that fails later was still counted on arrival; only one refused for its rate was not.
      const refused = fault?.kind === 'status' && fault.status === 429;
      const admitted = refused || admit(windows, at, accepted.tokens ?? 0);
      headers = tells ? headersOf(windows, at) : {};
      if (!admitted && fault === undefined)
        throw new Refusal(429, 'The rate limit of this model is used up.');
      return { outcome: 'accepted', headers, accepted, fault: fault ?? this.#unkind(route.name) };
    } catch (thrown) {
      if (thrown instanceof Refusal) return { outcome: 'refused', headers, refusal: thrown };
      throw thrown;
    }
  }

  /** Every window is empty again. */
  forget(): void {
    this.#windows.clear();
  }

  #windowsFor({ key, body }: Arrival, route: Route): Windows {
    if (!this.#keys.has(key)) throw new Refusal(401, 'The API key is missing or not valid.');
    fieldsOf(body);
    const model = modelOf(body)!;
    const limit = this.#limits.get(model);
    if (limit === undefined || routeOf(model) !== route.name)
      throw new Refusal(404, 'model: there is no such model.');
    const ofKey = this.#windows.get(key) ?? new Map<string, Windows>();
    this.#windows.set(key, ofKey);
    const tokens = this.#tokenLimits.get(model);
    const windows = ofKey.get(model) ?? {
      calls: new SlidingWindow(limit, this.#windowMs),
      tokens: tokens === undefined ? undefined : new TokenWindow(tokens, this.#windowMs),
    };
    ofKey.set(model, windows);
    return windows;
  }

  #authorize({ key, body }: Arrival): void {
    const models = this.#keys.get(key)?.models;
    if (models !== undefined && !models.includes(modelOf(body)!)) {
      throw new Refusal(403, 'The API key may not use this model.');
    }
  }
}

/** Counts a call in both windows, or in none of them. */
const admit = ({ calls, tokens: window }: Windows, at: number, tokens: number): boolean => {
  if (window && !window.fits(at, tokens)) return false;
  if (!calls.take(at)) return false;
  window?.add(at, tokens);
  return true;
};

const headersOf = ({ calls, tokens }: Windows, at: number): Record<string, string> => ({
  ...described('requests', calls.state(at)),
  ...(tokens && described('tokens', tokens.state(at))),
});

const described = (what: string, { limit, remaining, resetMs }: WindowState): Record<string, string> => ({
  [`x-ratelimit-limit-${what}`]: String(limit),
  [`x-ratelimit-remaining-${what}`]: String(remaining),
  // To the millisecond first: the sum of a moment and a minute, less that moment, may be a hair more than a minute.
  [`x-ratelimit-reset-${what}`]: `${Math.ceil(Math.round(resetMs) / 1000)}s`,
});
