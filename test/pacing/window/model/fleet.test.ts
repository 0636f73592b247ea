/** A fleet whose Redis forgets, hangs and goes, whose processes die and join, for as many lives as the time allows. */

import { describe, expect, test } from 'vitest';
import { BEAT_MS } from '../../../../src/pacing/window/alone.ts';
import { seededRandom } from '../../../../src/simulator/random.ts';
import { mostInAnyWindow } from '../../../support/sliding.ts';
import { type Demand, type Random, type Says, World } from './world.ts';

const RULES = { limit: 20, windowMs: 2000, callTimeoutMs: 3000 };
const LIVES = 4;

/** Lives through six faults in a row, and notes them. */
const live = async (world: World, demand: Demand, random: Random, ill: boolean): Promise<string> => {
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
  const afterwards = (): unknown =>
    ill && random() < 0.5 ? world.fallIll(world.rules.windowMs * random()) : 0;
  await pass(3000);
  for (let i = 0; i < 6; i++) {
    const name = names[Math.floor(random() * names.length)]!;
    happened.push(`${name} at ${world.clock.now.toFixed(0)}`);
    // The worst moment to fail: the first answers after Redis was lost or has forgotten are those that tell most.
    afterwards();
    await faults[name]!();
    afterwards();
    // A process that nobody has heard of yet when Redis is lost is none that others can leave a share.
    if (name === 'join' || name === 'kill') await pass(2 * BEAT_MS);
    await pass(3000 * random());
  }
  return happened.join(', ');
};

const SEEDS = Array.from({ length: LIVES }, (_, i) => Number(process.env.MODEL_SEED ?? 1) + i);

/** Some calls are counted when they arrive, and some when they are answered. */
const demandOf = (random: Random, latency: number): Demand => ({
  calls: () => 5,
  latencyMs: () => 5 + latency * random(),
  countMs: () => (random() < 0.5 ? 0 : Number.POSITIVE_INFINITY),
});

const UPSTREAMS: [string, Says, boolean][] = [
  ['always tells how much room there is', 'remaining', false],
  ['never tells how much room there is', 'nothing', false],
  ['tells so now and then, and fails at the worst moment', 'sometimes', true],
];

/** Lives, and a while longer. @returns what happened, and since when nothing has any more */
const liveThrough = async (world: World, demand: Demand, random: Random, ill: boolean) => {
  for (let i = 0; i < 3; i++) world.start(demand);
  const happened = await live(world, demand, random, ill);
  // What was running when a process was killed must have ended.
  await world.clock.runUntil(world.clock.now + RULES.callTimeoutMs + 2 * RULES.windowMs);
  const quiet = world.clock.now;
  await world.clock.runUntil(quiet + 3 * RULES.windowMs);
  return { happened, quiet };
};

describe.each(UPSTREAMS)('a fleet to which everything happens, at an upstream that %s', (_, says, ill) => {
  test.each(SEEDS)('never passes the limit, and uses it again in the end (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const world = new World(RULES, random, says);
    const demand = demandOf(random, 5 + 400 * random());
    const { happened, quiet } = await liveThrough(world, demand, random, ill);
    expect(mostInAnyWindow(world.counted, RULES.windowMs), happened).toBeLessThanOrEqual(RULES.limit);
    const served = world.counted.filter((at) => at > quiet).length;
    expect(served / (3 * RULES.limit), happened).toBeGreaterThan(0.6);
  });

  test.each(SEEDS.slice(0, 1))(
    'passes neither limit where tokens are scarcer than calls (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      const [limit, tokenLimit] = [40, 12_000];
      const world = new World({ ...RULES, limit, tokenLimit }, random, says);
      const demand = {
        ...demandOf(random, 5 + 400 * random()),
        tokens: () => Math.round(10 + (random() < 0.2 ? 1500 : 1000) * random()),
      };
      const { happened, quiet } = await liveThrough(world, demand, random, ill);
      expect(mostInAnyWindow(world.counted, RULES.windowMs), happened).toBeLessThanOrEqual(limit);
      const most = mostInAnyWindow(world.counted, RULES.windowMs, world.costs);
      expect(most, happened).toBeLessThanOrEqual(tokenLimit);
      const served = world.costs.filter((_, i) => world.counted[i]! > quiet);
      const cost = served.reduce((sum, each) => sum + each, 0);
      const used = Math.max(cost / (3 * tokenLimit), served.length / (3 * limit));
      expect(used, happened).toBeGreaterThan(0.6);
    },
  );
});

test('four processes use ninety-five hundredths of the tokens of a minute, and pass neither limit', async () => {
  const random = seededRandom(1);
  const rules = { limit: 500, tokenLimit: 800_000, windowMs: 60_000, callTimeoutMs: 25_000 };
  const world = new World(rules, random);
  const demand = {
    ...demandOf(random, 600),
    // From a text or two to as many as a call takes.
    tokens: () => Math.round(500 + 30_000 * random()),
    leastShare: 0.8,
  };
  for (let i = 0; i < 4; i++) world.start(demand);
  const minutes = 2;
  await world.clock.runUntil(minutes * rules.windowMs);
  expect(mostInAnyWindow(world.counted, rules.windowMs)).toBeLessThanOrEqual(rules.limit);
  expect(mostInAnyWindow(world.counted, rules.windowMs, world.costs)).toBeLessThanOrEqual(rules.tokenLimit);
  const steady = world.costs.filter((_, i) => world.counted[i]! >= rules.windowMs);
  const cost = steady.reduce((sum, each) => sum + each, 0);
  expect(cost / ((minutes - 1) * rules.tokenLimit)).toBeGreaterThan(0.95);
});

/** As many windows of a call a minute as a day has. */
const DAY_MS = 24 * 60 * RULES.windowMs;

describe('a fleet that is without Redis for a day', () => {
  test.each<Says>(['remaining', 'nothing'])(
    'uses what it may, keeps little, and is whole again soon (%s)',
    async (says) => {
      const random = seededRandom(7);
      const world = new World(RULES, random, says);
      const demand = demandOf(random, 100);
      for (let i = 0; i < 2; i++) world.start(demand);
      await world.clock.runUntil(5000);
      world.down(false);
      const lost = world.clock.now;
      let kept = 0;
      while (world.clock.now < lost + DAY_MS) {
        await world.clock.runUntil(world.clock.now + 10 * RULES.windowMs);
        kept = Math.max(kept, ...world.processes.map(({ window }) => window.used().calls));
      }
      expect(kept).toBeLessThanOrEqual(RULES.limit);
      const settled = world.counted.filter((at) => at > lost + RULES.callTimeoutMs + RULES.windowMs).length;
      expect(settled / ((DAY_MS / RULES.windowMs) * RULES.limit)).toBeGreaterThan(0.8);
      world.up();
      await world.clock.runUntil(world.clock.now + 2000);
      expect(world.processes.map(({ window }) => !window.lost)).toEqual([true, true]);
      expect(world.largestCommand).toBeLessThan(2000);
      expect(mostInAnyWindow(world.counted, RULES.windowMs)).toBeLessThanOrEqual(RULES.limit);
    },
  );
});
