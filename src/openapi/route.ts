/** What descriptions of routes are made of. */

import type { Schema } from '../endpoints/description.ts';
import { headers } from './headers.ts';

export interface Route {
  readonly tag: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Schema[];
  readonly parameters?: readonly Schema[];
  readonly responses: Readonly<Record<string, Schema>>;
}

/** A gateway key, in any of the headers in which clients send it. */
export const KEY: readonly Schema[] = [{ bearer: [] }, { apiKey: [] }, { portkeyApiKey: [] }];
export const NOBODY: readonly Schema[] = [];

export const answer = (
  description: string,
  schema: Schema,
  example?: unknown,
  type = 'application/json',
): Schema => ({
  description,
  content: { [type]: { schema, ...(example === undefined ? undefined : { example }) } },
});

const NOT_MODIFIED: Schema = {
  description: 'The answer with this `ETag` is still the current one.',
  headers: headers('ETag'),
};

export const file = (type: string, description: string): Readonly<Record<string, Schema>> => ({
  200: {
    ...answer(
      description,
      type === 'application/json' ? { type: 'object', additionalProperties: true } : { type: 'string' },
      undefined,
      type,
    ),
    headers: headers('ETag'),
  },
  304: NOT_MODIFIED,
});
