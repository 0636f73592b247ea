import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differences } from '../../../src/tools/probe/differences.ts';
import { judge } from '../../../src/tools/probe/judge.ts';
import type { Observation } from '../../../src/tools/probe/observation.ts';
import { plan } from '../../../src/tools/probe/plan.ts';
import { failed, hash, NEEDED, pointwise, type Scoring, scored } from './observations.ts';

const TOLERANCE = 0.001;
/** All that is known to matter, the least that a plan has, or any number between. */
const length = fc.integer({ min: NEEDED.length, max: plan(['m']).length });
const calls = (count: number) => plan(['m']).slice(0, count);
const observed = (count: number, scoring: Scoring): Observation[] =>
  calls(count).map((call) => scored(call, scoring));
const verdict = (observations: readonly Observation[]) => judge(differences(observations), TOLERANCE);

/** What sways a score that ought to be the document's alone, at most by `size`. */
const swayed =
  (by: (...of: Parameters<Scoring>) => string, size: number): Scoring =>
  (call, index) =>
    pointwise(call, index) + size * hash(by(call, index));
const set: (...of: Parameters<Scoring>) => string = ({ documents }) => [...documents].sort().join();
const order: typeof set = ({ documents }) => documents.join();
const repetition: typeof set = ({ name }) => name;
/** Far more than the tolerance, and never 0 between two of the calls. */
const size = fc.double({ min: 0.1, max: 10, noNaN: true });

describe('scores are reused', () => {
  test('for their pair alone when nothing else sways them', () => {
    fc.assert(
      fc.property(length, (count) => {
        const observations = observed(count, pointwise);
        expect(verdict(observations)).toMatchObject({ granularity: 'document', measured: true });
        for (const one of Object.values(differences(observations))) {
          if (one) expect(one).toMatchObject({ largest: 0, identical: one.scores });
        }
      }),
    );
  });

  test('for their pair alone when nothing sways them beyond the tolerance', () => {
    fc.assert(
      fc.property(length, fc.double({ min: 0, max: TOLERANCE, noNaN: true }), (count, noise) => {
        const verdictOn = verdict(observed(count, swayed(repetition, 0.99 * noise)));
        expect(verdictOn).toMatchObject({ granularity: 'document', measured: true });
      }),
    );
  });

  test('for the same set of documents when their companions sway them', () => {
    fc.assert(
      fc.property(length, size, (count, by) => {
        expect(verdict(observed(count, swayed(set, by)))).toMatchObject({
          granularity: 'request',
          measured: true,
        });
      }),
    );
  });

  test('for the same set when the same call brings other scores each time', () => {
    fc.assert(
      fc.property(length, size, (count, by) => {
        expect(verdict(observed(count, swayed(repetition, by)))).toMatchObject({ granularity: 'request' });
      }),
    );
  });

  test('for nothing when their order sways them', () => {
    fc.assert(
      fc.property(length, size, (count, by) => {
        expect(verdict(observed(count, swayed(order, by)))).toMatchObject({ granularity: 'off' });
      }),
    );
  });

  test('for the same set, as the safe choice, whenever a call that matters brought no scores', () => {
    fc.assert(
      fc.property(fc.subarray([...NEEDED], { minLength: 1 }), (lost) => {
        const observations = calls(30).map((call) =>
          lost.includes(call.name) ? failed(call) : scored(call, pointwise),
        );
        expect(verdict(observations)).toMatchObject({ granularity: 'request', measured: false });
      }),
    );
  });

  test('as carefully when calls beyond those failed, as far as the others tell', () => {
    const answered = (scoring: Scoring) =>
      calls(30).map((call) => (NEEDED.includes(call.name) ? scored(call, scoring) : failed(call)));
    expect(verdict(answered(pointwise)).granularity).toBe('document');
    expect(verdict(answered(swayed(set, 1))).granularity).toBe('request');
  });
});

test('one comparison among many is enough to show an influence', () => {
  const onlyLarge: Scoring = (call, index) =>
    pointwise(call, index) + (call.name === 'hundred and one' && index === 2 ? 0.25 : 0);
  const { companions } = differences(observed(30, onlyLarge));
  expect(companions?.largest).toBeCloseTo(0.25);
  expect(companions?.identical).toBe(companions!.scores - 1);
  expect(verdict(observed(30, onlyLarge)).granularity).toBe('request');
});

test('duplicates are compared with one another’s scores too, and have no say', () => {
  const secondIsLess: Scoring = ({ documents }, index) =>
    hash(documents[index]!) - (documents.indexOf(documents[index]!) < index ? 0.5 : 0);
  const observations = observed(30, secondIsLess);
  expect(differences(observations).duplicates?.largest).toBe(0.5);
  expect(verdict(observations).granularity).toBe('document');
});
