import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ItemReply, NO_TIME, type Source } from '../../src/calls/call.ts';
import { assemble, joined, type Part, partOf } from '../../src/calls/parts.ts';

const SOURCES: readonly Source[] = ['memory', 'redis', 'joined', 'upstream'];

const scoresFrom = (
  rows: readonly (readonly [number, number, Source])[],
  over: Partial<ItemReply> = {},
): ItemReply => ({
  values: Float64Array.from(rows, ([value]) => value),
  takenAt: Float64Array.from(rows, ([, takenAt]) => takenAt),
  sources: rows.map(([, , source]) => source),
  spent: 0,
  stale: false,
  stored: false,
  timing: NO_TIME,
  rateLimit: {},
  ...over,
});

const row = fc.tuple(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.nat(),
  fc.constantFrom(...SOURCES),
);

/** Scores, and their places dealt out to several parts, in any order within and among them. */
const dealt = fc.array(row, { minLength: 1, maxLength: 20 }).chain((rows) =>
  fc
    .tuple(
      fc.shuffledSubarray([...rows.keys()], { minLength: rows.length }),
      fc.array(fc.nat({ max: 3 }), { minLength: rows.length, maxLength: rows.length }),
    )
    .map(([places, hands]) => ({
      rows,
      parts: [0, 1, 2, 3].map((hand) => places.filter((_, i) => hands[i] === hand)),
    })),
);

describe('scores', () => {
  test('taken apart in any way and put together again are the same', () => {
    fc.assert(
      fc.property(dealt, ({ rows, parts }) => {
        const scores = scoresFrom(rows);
        const again = assemble(
          rows.length,
          parts.map((places): Part => ({ places, reply: partOf(scores, places, 0) })),
        );
        expect(again).toEqual(scores);
      }),
    );
  });

  test('of some places are theirs, in the order named, billed as told', () => {
    fc.assert(
      fc.property(dealt, fc.nat(), ({ rows, parts: [places = []] }, units) => {
        const part = partOf(scoresFrom(rows, { spent: 7 }), places, units);
        expect(part).toEqual(
          scoresFrom(
            places.map((place) => rows[place]!),
            { spent: units },
          ),
        );
      }),
    );
  });
});

describe('the whole of several parts', () => {
  const part = (place: number, over: Partial<ItemReply>): Part => ({
    places: [place],
    reply: scoresFrom([[place / 10, place, 'memory']], over),
  });

  test('costs what they cost together', () => {
    const whole = assemble(3, [part(0, { spent: 2 }), part(2, {}), part(1, { spent: 3 })]);
    expect(whole.spent).toBe(5);
  });

  test.each(['stale', 'stored'] as const)('is %s when one of them is', (flag) => {
    expect(assemble(2, [part(0, {}), part(1, { [flag]: true })])[flag]).toBe(true);
    expect(assemble(2, [part(0, {}), part(1, {})])[flag]).toBe(false);
  });

  test('took as long as the longest, since they were waited for together', () => {
    const a = { cacheMs: 1, queueMs: 20, upstreamMs: 300 };
    const b = { cacheMs: 2, queueMs: 10, upstreamMs: 400 };
    expect(assemble(2, [part(0, { timing: a }), part(1, { timing: b })]).timing).toEqual({
      cacheMs: 2,
      queueMs: 20,
      upstreamMs: 400,
    });
  });

  test('passes on what the upstream said of its limit', () => {
    const rateLimit = { 'x-ratelimit-remaining-requests': '7' };
    expect(assemble(2, [part(0, { rateLimit }), part(1, {})]).rateLimit).toEqual(rateLimit);
  });
});

test('who only joined a call pays and stores nothing, and what was cached stays so', () => {
  const scores = scoresFrom(
    SOURCES.map((source) => [0.5, 1, source] as const),
    { spent: 3, stored: true },
  );
  const shared = joined(scores);
  expect(shared).toEqual({
    ...scores,
    sources: ['memory', 'redis', 'joined', 'joined'],
    spent: 0,
    stored: false,
  });
});
