import { expect, test } from 'vitest';
import { Turns } from '../../src/http/turns.ts';

test('of many steps that are ready at once, one is made in each round of the event loop', async () => {
  const turns = new Turns();
  let round = 0;
  let counting = true;
  const count = (): void => {
    round++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const rounds = await Promise.all(Array.from({ length: 50 }, () => turns.next().then(() => round)));
  counting = false;
  expect(new Set(rounds).size).toBe(50);
  expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
});
