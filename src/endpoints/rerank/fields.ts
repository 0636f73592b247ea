/** Checks on single fields of a rerank request. Each throws `invalid_request` with the field's name. */

import { invalidField } from '../../calls/errors.ts';
import { digitsOf } from '../../json/exact-numbers.ts';
import { type JsonObject, own, wellFormed } from '../fields.ts';

export const nonBlank = (value: unknown, name: string): string => {
  if (typeof value !== 'string') throw invalidField(name, 'must be a string.');
  if (value.trim() === '') throw invalidField(name, 'must not be blank.');
  return wellFormed(value, name);
};

/**
 * The text of a document that is an object: the values of `rankFields`, in their order, one on each line; without
 * `rankFields` the field `text`. Numbers and booleans count as their text; absent fields are skipped.
 */
export const textOfObject = (
  object: JsonObject,
  rankFields: readonly string[] | undefined,
  name: string,
): string => {
  const fields = rankFields?.length ? rankFields : ['text'];
  const lines: string[] = [];
  for (const field of fields) {
    const value = own(object, field);
    if (typeof value === 'string') {
      if (value !== '') lines.push(digitsOf(value));
    } else if (typeof value === 'number' || typeof value === 'boolean') {
      lines.push(String(value));
    } else if (value !== undefined) {
      throw invalidField(name, 'has a ranked field that is neither a string, a number nor a boolean.');
    }
  }
  if (lines.length === 0) {
    throw invalidField(name, `has no text: give it a \`text\`, or name its fields in \`rank_fields\`.`);
  }
  return lines.join('\n');
};
