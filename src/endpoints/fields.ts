/** Checks on fields of a request body that every endpoint has. Each throws `invalid_request` with the field's name. */

import { invalidField } from '../calls/errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The value of a field; `null` counts as absent, since some clients send it for fields that were never set. */
export const own = (object: JsonObject, name: string): unknown =>
  Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;

/**
 * A text with a lone surrogate has no UTF-8 form: encoders replace it by U+FFFD, so that different texts would have the same
 * digest, and one would get the other's value.
 */
export const wellFormed = (text: string, name: string): string => {
  if (!text.isWellFormed()) throw invalidField(name, 'holds a lone surrogate, which is not valid Unicode.');
  return text;
};

export const modelName = (value: unknown): string | undefined => {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw invalidField('model', 'must be a non-empty string.');
  return value;
};
