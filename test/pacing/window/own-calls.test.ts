import { describe, expect, it } from 'vitest';
import { OwnCalls } from '../../../src/pacing/window/own-calls.ts';

const LEASE_MS = 85_000;
const SPACED = { spaced: true, releaseAt: 61_000, told: false };

const piecesOf = (own: OwnCalls, now: number): { id: string; kind: string; holdMs: number }[][] => {
  const pieces = [];
  for (const { calls, told } of own.pieces(() => now)) {
    pieces.push([...calls]);
    told();
  }
  return pieces;
};

describe('the calls of a process', () => {
  it('are told once, and again when something has become of them', () => {
    const own = new OwnCalls(LEASE_MS);
    own.add('a', SPACED, 1000);
    expect(piecesOf(own, 2000)).toEqual([[{ id: 'a', kind: 'spaced', holdMs: 59_000 }]]);
    expect(piecesOf(own, 2000)).toEqual([]);
    own.add('a', { ...SPACED, releaseAt: 70_000 }, 3000);
    expect(piecesOf(own, 3000)).toEqual([[{ id: 'a', kind: 'spaced', holdMs: 67_000 }]]);
    own.doubt();
    expect(piecesOf(own, 3000)).toHaveLength(1);
  });

  it('are told again when they end while they are being told', () => {
    const own = new OwnCalls(LEASE_MS);
    own.add('a', SPACED, 1000);
    const piece = own.pieces(() => 2000).next().value!;
    own.add('a', { ...SPACED, releaseAt: 62_000 }, 2000);
    piece.told();
    expect(piecesOf(own, 2000)).toEqual([[{ id: 'a', kind: 'spaced', holdMs: 60_000 }]]);
  });

  it('are told in pieces of 500', () => {
    const own = new OwnCalls(LEASE_MS);
    for (let i = 0; i < 1200; i++) own.add(`${i}`, SPACED, 1000);
    expect(piecesOf(own, 1000).map(({ length }) => length)).toEqual([500, 500, 200]);
  });

  it('are forgotten when their place is free, unless Redis still holds it and has to be told', () => {
    const own = new OwnCalls(LEASE_MS);
    own.add('of Redis', { ...SPACED, told: true }, 0);
    own.add('of Redis', { ...SPACED, told: false }, 500);
    own.add('of its own', SPACED, 1000);
    own.forget(60_999);
    expect(own.size).toBe(2);
    own.forget(84_999);
    expect(
      piecesOf(own, 84_999)
        .flat()
        .map(({ id, holdMs }) => [id, holdMs]),
    ).toContainEqual(['of Redis', 0]);
    own.doubt();
    own.forget(LEASE_MS);
    expect(own.size).toBe(0);
  });

  it('are as few as can start within a lease, though nobody ever hears of them', () => {
    const own = new OwnCalls(LEASE_MS);
    let most = 0;
    for (let now = 0; now < 24 * 3600_000; now += 240) {
      own.add(`${now}`, { spaced: false, releaseAt: now + 60_000, told: false }, now);
      own.forget(now);
      most = Math.max(most, own.size);
    }
    expect(most).toBeLessThanOrEqual(251);
  });

  it('that were not sent are told as such where Redis may hold their place, and are nobody’s', () => {
    const own = new OwnCalls(LEASE_MS);
    own.add('granted', { ...SPACED, told: true }, 0);
    own.add('alone', SPACED, 0);
    for (const id of ['granted', 'alone', 'unheard']) own.cancel(id, 100, false);
    expect(own.held(100)).toBe(0);
    expect(own.get('granted')).toBeUndefined();
    expect(piecesOf(own, 100).flat()).toEqual([
      { id: 'granted', kind: 'unused', holdMs: 0 },
      { id: 'unheard', kind: 'unused', holdMs: 0 },
    ]);
    own.forget(100);
    expect(own.size).toBe(0);
  });
});
