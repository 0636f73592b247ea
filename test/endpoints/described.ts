/** Whether what an endpoint says of its requests is what its parser does. */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Description } from '../../src/endpoints/description.ts';

/** Whether a value fits a schema of the description, by the schema's name. */
export const fitting = (
  { schemas }: Description,
  models: readonly string[],
): ((schema: string) => ValidateFunction) => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
  ajv.addKeyword('components');
  ajv.addSchema({ $id: 'api:', components: { schemas: schemas(models) } });
  return (schema) => ajv.compile({ $ref: `api:#/components/schemas/${schema}` });
};

/** Mostly `usual`, at times any JSON value, or none. */
export const mostly = (usual: fc.Arbitrary<unknown>, weight = 25): fc.Arbitrary<unknown> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: fc.jsonValue() }, fc.constant(null));

/**
 * @param agree fails when schema and parser do not agree about a value; else says whether they accept it
 * @param nearlyValid bodies of which most differ from a valid one in one field or none
 */
export const testAgreement = (
  agree: (value: unknown) => boolean,
  nearlyValid: fc.Arbitrary<unknown>,
  runs: number,
): void => {
  test('bodies that are nearly valid', () => {
    let valid = 0;
    let invalid = 0;
    fc.assert(
      fc.property(nearlyValid, (value) => {
        if (agree(JSON.parse(JSON.stringify(value)))) valid++;
        else invalid++;
      }),
      { numRuns: runs },
    );
    // Far fewer than there are, or the property would look at one side only.
    expect(valid).toBeGreaterThan(runs / 10);
    expect(invalid).toBeGreaterThan(runs / 10);
  });

  test('any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        agree(value);
      }),
    );
  });
};

/** The examples of an endpoint are what they say they are. */
export const testExamples = (
  { requests, responses }: Description,
  model: string,
  isRequest: (value: unknown) => boolean,
  isResponse: ValidateFunction,
): void => {
  test.each(Object.entries(requests(model)))('%s is a request', (_, { value }) => {
    expect(isRequest(value)).toBe(true);
  });

  test.each(Object.entries(responses))('%s is a response', (_, { value }) => {
    expect(isResponse(value), JSON.stringify(isResponse.errors)).toBe(true);
  });
};
