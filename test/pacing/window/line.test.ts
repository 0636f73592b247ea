import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineOf, readLine } from '../../../src/pacing/window/line.ts';
import { MOST_AT_ONCE } from '../../../src/pacing/window/window.ts';

const microseconds = fc.nat(60_000_000).map((us) => us / 1000);
const lines = fc.array(
  fc.record({
    // Calls that belong to nobody, too.
    client: fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), fc.constant('')),
    weight: fc.constantFrom(0.001, 0.5, 1, 3, 1000),
    calls: fc.nat(1000),
    arrived: fc.nat(1000),
    first: fc.array(fc.record({ urgency: fc.integer({ min: -1, max: 7 }), waitedMs: microseconds }), {
      maxLength: MOST_AT_ONCE,
    }),
  }),
  { maxLength: 5 },
);

describe('what a process tells of who waits in it', () => {
  it('is heard by others as it was told', () => {
    fc.assert(
      fc.property(lines, (line) => {
        expect(readLine(JSON.parse(JSON.stringify(line)))).toEqual(line);
      }),
    );
  });

  it('is kept within what could be true, whatever it says', () => {
    const any = fc.oneof(
      fc.constantFrom(undefined, null, 'x', '', -5, Number.NaN, Infinity, -Infinity, 1e300, '3', [], {}),
      fc.jsonValue(),
    );
    const call = fc.oneof(any, fc.record({ urgency: any, waitedMs: any, inMs: any, calls: any }));
    const calls = fc.oneof(any, fc.array(call, { maxLength: 4 }));
    const waiting = fc.record({
      client: any,
      weight: any,
      calls: any,
      arrived: any,
      first: calls,
    });
    fc.assert(
      fc.property(fc.oneof(any, fc.array(fc.oneof(any, waiting))), (line) => {
        for (const { client, weight, calls, arrived, first } of readLine(line)) {
          expect(typeof client).toBe('string');
          expect(weight).toBeGreaterThanOrEqual(0.001);
          expect(weight).toBeLessThanOrEqual(1000);
          for (const count of [calls, arrived, ...first.map(({ waitedMs }) => waitedMs)]) {
            expect(count).toBeGreaterThanOrEqual(0);
            expect(count).toBeLessThanOrEqual(1e6);
          }
          for (const { urgency } of first) {
            expect(urgency).toBeGreaterThanOrEqual(-1);
            expect(urgency).toBeLessThanOrEqual(7);
          }
        }
      }),
    );
  });

  it('counts everyone, and tells more only of those that may be served at once', () => {
    const since = Array.from({ length: 40 }, (_, i) => ({ urgency: 3, since: i }));
    const of = (client: string, calls: typeof since, arrived: number) => ({
      client,
      weight: client.length,
      calls,
      arrived,
    });
    const line = lineOf([of('search', since, 50), of('chatbot', [], 0), of('evaluation', [], 3)], 100);
    expect(line.map(({ first, ...told }) => told)).toEqual([
      { client: 'search', weight: 6, calls: 40, arrived: 50 },
      { client: 'evaluation', weight: 10, calls: 0, arrived: 3 },
    ]);
    expect(line[0]!.first).toHaveLength(MOST_AT_ONCE);
    expect(line[0]!.first.slice(0, 2)).toEqual([
      { urgency: 3, waitedMs: 100 },
      { urgency: 3, waitedMs: 99 },
    ]);
  });
});
