/** A fleet whose Redis forgets, hangs and goes, whose processes die and join, for as many lives as the time allows. */

import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../../src/simulator/random.ts';
import { mostInAnyWindow } from '../../../support/sliding.ts';
import { type Demand, type Random, World } from './world.ts';

const RULES = { limit: 20, windowMs: 2000, callTimeoutMs: 3000 };
const LIVES = 8;

/** Lives through six faults in a row, and notes them. */
const live = async (world: World, demand: Demand, random: Random): Promise<string> => {
  const happened: string[] = [];
  const pass = (ms: number): Promise<void> => world.clock.runUntil(world.clock.now + ms);
  const faults: Record<string, () => unknown> = {
    flush: () => world.flush(),
    freeze: () => {
      world.freeze();
      return pass(4000 * random()).then(() => world.thaw());
    },
    restart: () => {
      world.down(true);
      return pass(1000 * random()).then(() => world.up());
    },
    outage: () => {
      world.down(random() < 0.5);
      return pass(10_000 * random()).then(() => world.up());
    },
    kill: () => {
      world.processes[Math.floor(random() * world.processes.length)]!.kill();
      world.start(demand);
    },
    join: () => {
      if (world.processes.length < 6) world.start(demand);
    },
  };
  const names = Object.keys(faults);
  await pass(3000);
  for (let i = 0; i < 6; i++) {
    const name = names[Math.floor(random() * names.length)]!;
    happened.push(`${name} at ${world.clock.now.toFixed(0)}`);
    await faults[name]!();
    await pass(3000 * random());
  }
  return happened.join(', ');
};

const SEEDS = Array.from({ length: LIVES }, (_, i) => Number(process.env.MODEL_SEED ?? 1) + i);

describe('a fleet to which everything happens', () => {
  test.each(SEEDS)('never passes the limit, and uses it again in the end (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const world = new World(RULES, random);
    const latency = 5 + 400 * random();
    const demand: Demand = {
      calls: () => 5,
      latencyMs: () => 5 + latency * random(),
      // Some calls are counted when they arrive, and some when they are answered.
      countMs: () => (random() < 0.5 ? 0 : Number.POSITIVE_INFINITY),
    };
    for (let i = 0; i < 3; i++) world.start(demand);
    const happened = await live(world, demand, random);
    // What was running when a process was killed must have ended.
    await world.clock.runUntil(world.clock.now + RULES.callTimeoutMs + 2 * RULES.windowMs);
    const quiet = world.clock.now;
    await world.clock.runUntil(quiet + 2 * RULES.windowMs);
    expect(mostInAnyWindow(world.counted, RULES.windowMs), happened).toBeLessThanOrEqual(RULES.limit);
    const served = world.counted.filter((at) => at > quiet).length;
    expect(served / (2 * RULES.limit), happened).toBeGreaterThan(0.6);
  });
});
