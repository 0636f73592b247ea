import { describe, expect, test } from 'vitest';
import { OUTCOMES, outcomeOf, type Served } from '../../src/rerank/outcome.ts';
import { cachedScores, type Scores, type Source } from '../../src/rerank/scoring.ts';

const scoresFrom = (sources: readonly Source[], stale = false): Scores => ({
  ...cachedScores(new Float64Array(sources.length), 0, 'memory'),
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

  test('with scores past their freshness is stale, whatever else it is', () => {
    for (const bypass of [true, false]) expect(outcomeOf(scoresFrom(['redis'], true), bypass)).toBe('stale');
  });

  test('is nothing that the ledger does not know', () => {
    expect([...OUTCOMES].sort()).toEqual(
      ['bypass', 'error', 'hit', 'invalid', 'miss', 'partial', 'rejected', 'stale'].sort(),
    );
  });
});
