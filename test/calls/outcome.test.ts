import { describe, expect, test } from 'vitest';
import type { ItemReply, Source } from '../../src/calls/call.ts';
import { OUTCOMES, outcomeOf, type Served } from '../../src/calls/outcome.ts';
import { aCall, scoresOf } from '../support/fakes.ts';

const scoresFrom = (sources: readonly Source[], stale = false): ItemReply => ({
  ...scoresOf(aCall()),
  sources,
  stale,
});

describe('an answer', () => {
  test.each<[expected: Served, sources: Source[]]>([
    ['hit', ['memory', 'memory']],
    ['hit', ['redis', 'redis']],
    ['hit', ['memory', 'redis']],
    ['miss', ['upstream', 'upstream']],
    ['miss', ['joined', 'joined']],
    ['miss', ['joined', 'upstream']],
    ['partial', ['memory', 'upstream']],
    ['partial', ['redis', 'joined']],
    ['partial', ['upstream', 'upstream', 'redis']],
  ])('is a %s when its scores come from %j', (expected, sources) => {
    expect(outcomeOf(scoresFrom(sources), false)).toBe(expected);
  });

  test.each<[Source]>([['memory'], ['upstream'], ['joined']])(
    'from %s is a bypass when the caches were kept out of it',
    (source) => {
      expect(outcomeOf(scoresFrom([source]), true)).toBe('bypass');
    },
  );

  test.each<[expected: Served, sources: Source[]]>([
    ['stale', ['redis']],
    ['stale', ['memory', 'redis']],
    // A call was made for it: what it was late for shows in nothing but its age.
    ['partial', ['memory', 'upstream']],
    ['partial', ['redis', 'joined']],
  ])('is a %s when some of its scores, from %j, are past their freshness', (expected, sources) => {
    expect(outcomeOf(scoresFrom(sources, true), false)).toBe(expected);
  });

  test('is nothing that the ledger does not know', () => {
    expect([...OUTCOMES].sort()).toEqual(
      ['bypass', 'error', 'hit', 'invalid', 'miss', 'partial', 'rejected', 'stale'].sort(),
    );
  });
});
