import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergePatch } from '../../src/console/merge-patch.ts';

/** RFC 7386's own algorithm, by which readers apply a patch; without what it says of null, which no value here is. */
const applied = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target);
  const result = Object.assign(Object.create(null), isObject ? target : {});
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = applied(result[name], value);
  }
  return result;
};

const asRead = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const { value: anyValue } = fc.letrec<{ value: never }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.nat(5),
    fc.constantFrom('a', '<b>', ''),
    fc.array(fc.nat(3), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), tie('value'), {
      noNullPrototype: false,
    }),
  ) as fc.Arbitrary<never>,
}));
const anyObject = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), anyValue);

describe('a merge patch', () => {
  test('makes of the one object the other, whatever they are', () => {
    fc.assert(
      fc.property(anyObject, anyObject, (before, after) => {
        const patch = mergePatch(before, after);
        expect(asRead(patch === undefined ? before : applied(before, asRead(patch)))).toEqual(asRead(after));
      }),
    );
  });

  test('names only what has changed', () => {
    const before = { same: { a: 1, b: [1, 2] }, gone: 'x', other: { a: 1, b: 2 }, undefinedNow: 1 };
    const after = { same: { a: 1, b: [1, 2] }, other: { a: 1, b: 3 }, undefinedNow: undefined };
    expect({ ...mergePatch(before, after) }).toEqual({
      gone: null,
      undefinedNow: null,
      other: expect.objectContaining({ b: 3 }),
    });
    expect(mergePatch(after, after)).toBeUndefined();
  });
});
