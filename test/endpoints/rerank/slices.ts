/** Bodies of every kind, and what becomes of each whether its documents are left in it or not. */

import fc from 'fast-check';
import { RerankError } from '../../../src/calls/errors.ts';
import { textOf } from '../../../src/calls/item.ts';
import { parseRequest } from '../../../src/endpoints/rerank/request.ts';

const ALWAYS = 0;
const NEVER = Number.POSITIVE_INFINITY;

/** All that a request says, or how it is refused. */
const outcome = (bytes: Buffer, slicedFrom: number) => {
  try {
    const { request } = parseRequest(bytes, slicedFrom);
    const { distinct: _, ...said } = request;
    const { items, digests, positions } = request.distinct();
    return {
      ...said,
      texts: undefined,
      items: items.map(textOf),
      digests: [...digests.words],
      positions: [...positions],
    };
  } catch (thrown) {
    if (!(thrown instanceof RerankError)) throw thrown;
    return { message: thrown.message, param: thrown.param };
  }
};

/** What a body says when its documents are left where they are, and when it is parsed: to be the same. */
export const bothWays = (bytes: Buffer) => [outcome(bytes, ALWAYS), outcome(bytes, NEVER)] as const;

const text = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '😀', '{', ']', ',', ':') }),
  },
  fc.string({ unit: 'binary' }),
);

/** JSON as programs write it, with blanks here and there, and now and then something else in it. */
const written = (value: unknown, gap: string): string => {
  if (Array.isArray(value))
    return `[${gap}${value.map((item) => written(item, gap)).join(`${gap},${gap}`)}${gap}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).map(
    ([name, one]) => `${JSON.stringify(name)}${gap}:${gap}${written(one, gap)}`,
  );
  return `{${gap}${members.join(`${gap},${gap}`)}${gap}}`;
};

const field = fc.oneof(
  fc.record({ top_n: fc.oneof(fc.integer({ min: -1, max: 9 }), fc.double(), fc.constant('3')) }),
  fc.record({ model: fc.oneof(text, fc.constant(null), fc.integer()) }),
  fc.record({ return_documents: fc.boolean() }),
  fc.record({ priority: fc.integer() }),
  fc.record({ unknown: fc.oneof(text, fc.boolean(), fc.constant(null), fc.jsonValue()) }),
  fc.constant({}),
);

export const bodies = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: text }, fc.jsonValue()),
    fc.array(fc.oneof({ weight: 30, arbitrary: text }, fc.jsonValue()), { maxLength: 6 }),
    fc.array(field, { maxLength: 3 }),
    fc.constantFrom('', '', ' ', '  ', '\n', '\r\n\t'),
    fc.boolean(),
  )
  .map(([query, documents, more, gap, first]) => {
    const own = { query, documents };
    const rest = Object.assign({}, ...more);
    return written(first ? { ...own, ...rest } : { ...rest, ...own }, gap);
  });

const byte = fc.oneof(fc.constantFrom(...Buffer.from('"\\{}[],: \n0a')), fc.nat(255));
const edit = fc.record({ at: fc.nat(), byte, kind: fc.constantFrom('put', 'insert', 'cut') });

/** The same with a few bytes that are others, more or fewer. */
export const brokenBodies = fc
  .tuple(bodies, fc.array(edit, { minLength: 1, maxLength: 3 }))
  .map(([body, edits]) => {
    const bytes = [...Buffer.from(body)];
    for (const { at, byte, kind } of edits) {
      const place = at % (bytes.length + 1);
      if (kind === 'cut') bytes.splice(place);
      else bytes.splice(place, kind === 'put' ? 1 : 0, byte);
    }
    return Buffer.from(bytes);
  });
