import { expect, test } from 'vitest';
import { Refused } from '../../../src/cache/refused.ts';
import { aCall } from '../../support/fakes.ts';

const MINUTE = 60_000;

const remembering = () => {
  const clock = { now: 0 };
  const found: string[] = [];
  const refused = new Refused({ onFound: (_, name) => found.push(name), now: () => clock.now });
  return { clock, found, refused };
};
const documents = (places: readonly number[]) => ({ of: 'items', places, suspects: [] }) as const;

test('what was refused is known for ten minutes, by its place in whatever is asked', () => {
  const { refused, clock } = remembering();
  refused.note(aCall({ items: ['a', 'b', 'c'] }).identity, documents([1]));
  clock.now = 10 * MINUTE - 1;
  expect(refused.find(aCall({ items: ['x', 'y', 'b'] }).identity)).toEqual(documents([2]));
  expect(refused.find(aCall({ items: ['a', 'c'] }).identity)).toBeUndefined();
  clock.now = 10 * MINUTE;
  expect(refused.find(aCall({ items: ['b'] }).identity)).toBeUndefined();
});

test('a document that is refused with one query is not refused with another', () => {
  const { refused } = remembering();
  refused.note(aCall({ items: ['a'] }).identity, documents([0]));
  expect(refused.find(aCall({ query: 'another', items: ['a'] }).identity)).toBeUndefined();
});

test('a refused query is refused with whatever document', () => {
  const { refused } = remembering();
  refused.note(aCall({ items: ['a'] }).identity, { of: 'query' });
  expect(refused.find(aCall({ items: ['z'] }).identity)).toEqual({ of: 'query' });
});

test('other processes are told of what is found here, once, and what they tell is known here', () => {
  const here = remembering();
  const there = remembering();
  const { identity } = aCall({ items: ['a', 'b'] });
  here.refused.note(identity, documents([1]));
  expect(here.found).toHaveLength(1);
  there.refused.add(identity.question, here.found[0]!);
  expect(there.refused.find(identity)).toEqual(documents([1]));
  expect(there.found).toEqual([]);
});

test('what is remembered is bounded, and the latest is among it', () => {
  const { refused } = remembering();
  for (let i = 0; i < 30_000; i++) refused.add(`question ${i % 15_000}`, `name ${i}`);
  const { identity } = aCall({ items: ['a'] });
  refused.note(identity, documents([0]));
  expect(refused.find(identity)).toEqual(documents([0]));
  expect(refused.size).toBeLessThanOrEqual(20_000);
});
