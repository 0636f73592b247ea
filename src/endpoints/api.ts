/** An endpoint as its callers see it: what may be asked, and how the answer looks. The column's view is calls/endpoint.ts. */

import type { ItemReply } from '../calls/call.ts';
import type { Distinct } from '../calls/distinct.ts';
import type { Values } from '../calls/values.ts';

/** What every request for items says. */
export interface Asked {
  /** Undefined when the caller leaves the choice to us. */
  readonly model: string | undefined;
  /** What all texts are asked about; empty where an endpoint has no such thing. */
  readonly query: string;
  /** What the caller calls the texts, like `documents`: errors name one of them by it. */
  readonly textsField: string;
  /** How many texts it names, duplicates included. */
  readonly count: number;
  /** Those texts, as they go upstream. */
  distinct(): Distinct;
  /** What was accepted but not acted upon, in words for the answer. */
  readonly warnings: readonly string[];
}

export interface Api<R extends Asked, V extends Values> {
  /**
   * Parses and validates a body. Throws `invalid_request`, and nothing else, whatever the bytes.
   * @returns the request, and the bytes that it takes in memory at most
   */
  parse(body: Buffer): { readonly request: R; readonly bytes: number };
  /** What the values depend on besides model, query and text. */
  dependsOn?(request: R): readonly string[];
  /** The answer holds what was sent, and is as large. */
  repeats(request: R): boolean;
  /** The body of a 200, as JSON. */
  answer(answer: Answer<R, V>): string;
}

export interface Answer<R extends Asked, V extends Values> {
  readonly id: string;
  readonly request: R;
  readonly reply: ItemReply<V>;
  /** For each of the request's texts, its place in the reply. */
  readonly positions: Uint16Array;
  /** The request's, and what else there is to say. */
  readonly warnings: readonly string[];
}
