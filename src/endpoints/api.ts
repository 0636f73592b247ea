/** An endpoint as its callers see it: its requests and its answers. The column's view is calls/endpoint.ts. */

import type { ItemReply } from '../calls/call.ts';
import type { Distinct } from '../calls/distinct.ts';
import type { Values } from '../calls/values.ts';

/** What every request for items has. */
export interface Asked {
  /** Undefined when the caller leaves the choice to us. */
  readonly model: string | undefined;
  /** The query that all texts are compared with; empty for an endpoint without one. */
  readonly query: string;
  /** The caller's name for the texts, like `documents`, which errors use. */
  readonly textsField: string;
  /** The number of texts, duplicates included. */
  readonly count: number;
  /** The texts as they go upstream, duplicates removed. */
  distinct(): Distinct;
  /** Fields that were accepted but ignored, as texts for the answer. */
  readonly warnings: readonly string[];
}

export interface Api<R extends Asked, V extends Values> {
  /**
   * Parses and validates a body. Throws `invalid_request` and nothing else, whatever the bytes.
   * @returns the request, and the most bytes that it takes in memory
   */
  parse(body: Buffer): { readonly request: R; readonly bytes: number };
  /** Checks what depends on the model. Throws `invalid_request`. */
  check?(request: R, model: string): void;
  /** Whatever else the values depend on, besides model, query and text, in the words of the endpoint's wire. */
  dependsOn?(request: R): readonly string[];
  /** The unit of a reply's cost. */
  readonly billedIn: 'searchUnits' | 'tokens';
  /** Whether the answer repeats the texts that were sent. */
  repeats(request: R): boolean;
  /** The body of a 200, as JSON. */
  answer(answer: Answer<R, V>): string;
}

export interface Answer<R extends Asked, V extends Values> {
  readonly id: string;
  readonly request: R;
  /** The one that was chosen for the request. */
  readonly model: string;
  readonly reply: ItemReply<V>;
  /** For each of the request's texts, the index of its value in the reply. */
  readonly positions: Uint16Array;
  /** The request's warnings, and those of the answer. */
  readonly warnings: readonly string[];
}
