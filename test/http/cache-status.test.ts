import { describe, expect, test } from 'vitest';
import type { Source } from '../../src/calls/call.ts';
import { outcomeOf } from '../../src/calls/outcome.ts';
import { cacheStatus } from '../../src/http/cache-status.ts';
import { aCall, scoresOf } from '../support/fakes.ts';

interface Case {
  readonly sources: readonly Source[];
  readonly stored?: boolean;
  readonly stale?: boolean;
  readonly bypass?: boolean;
}

/** From scores to the header, by way of the outcome that the handler finds. */
const headerOf = ({ sources, stored = false, stale = false, bypass = false }: Case): string => {
  const scores = { ...scoresOf(aCall()), sources, stored, stale };
  return cacheStatus(scores, outcomeOf(scores, bypass));
};

describe('Cache-Status', () => {
  test.each<[expected: string, Case]>([
    ['hit; detail=memory', { sources: ['memory', 'memory'] }],
    ['hit; detail=redis', { sources: ['redis', 'redis'] }],
    // The farthest tier that had to be asked.
    ['hit; detail=redis', { sources: ['memory', 'redis'] }],
    ['hit; fwd=stale; detail=memory', { sources: ['memory'], stale: true }],
    ['hit; fwd=stale; detail=redis', { sources: ['redis'], stale: true }],
    ['fwd=miss', { sources: ['upstream'] }],
    ['fwd=miss; stored', { sources: ['upstream', 'upstream'], stored: true }],
    ['fwd=miss; collapsed', { sources: ['joined', 'joined'] }],
    ['fwd=partial; stored', { sources: ['memory', 'upstream'], stored: true }],
    // Forwarded, so no hit, however old what was not.
    ['fwd=partial; stored', { sources: ['memory', 'upstream'], stored: true, stale: true }],
    ['fwd=partial; collapsed; stored', { sources: ['redis', 'joined', 'upstream'], stored: true }],
    ['fwd=partial; collapsed', { sources: ['redis', 'joined'] }],
    ['fwd=bypass', { sources: ['upstream'], bypass: true }],
    ['fwd=bypass; stored', { sources: ['upstream'], bypass: true, stored: true }],
    ['fwd=bypass; collapsed', { sources: ['joined'], bypass: true }],
  ])('is %s', (expected, scores) => {
    expect(headerOf(scores)).toBe(`rerank-gateway; ${expected}`);
  });
});
