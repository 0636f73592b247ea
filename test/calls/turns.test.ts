import { expect, test } from 'vitest';
import { Turns } from '../../src/calls/turns.ts';

/** In which rounds of the event loop steps are made. */
const roundsOf = async (step: () => Promise<void> | undefined, count: number): Promise<number[]> => {
  let round = 0;
  let counting = true;
  const next = (): void => {
    round++;
    if (counting) setImmediate(next);
  };
  setImmediate(next);
  const rounds = await Promise.all(
    Array.from({ length: count }, async () => {
      await step();
      return round;
    }),
  );
  counting = false;
  return rounds;
};

test('of many short steps some are made in each round, in the order in which they were ready', async () => {
  const turns = new Turns();
  for (let i = 0; i < 2; i++) {
    const rounds = await roundsOf(() => turns.short(), 100);
    expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
    const most = Math.max(
      ...[...new Set(rounds)].map((round) => rounds.filter((each) => each === round).length),
    );
    expect(most).toBeLessThanOrEqual(16);
    expect(new Set(rounds).size).toBeGreaterThanOrEqual(8);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
});

test('a short step is made at once while there are few', () => {
  const turns = new Turns();
  expect(turns.short()).toBeUndefined();
  expect(turns.short()).toBeUndefined();
});

test('of many steps that are ready at once, one is made in each round of the event loop', async () => {
  const turns = new Turns();
  const rounds = await roundsOf(() => turns.next(), 50);
  expect(new Set(rounds).size).toBe(50);
  expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
});
