/** What a burst costs, counted in steps. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Permit } from '../../src/calls/permit.ts';
import { Pacer } from '../../src/pacing/pacer.ts';
import type { Line } from '../../src/pacing/window/window.ts';
import { Circuit } from '../../src/upstream/circuit.ts';
import { Health } from '../../src/upstream/health.ts';
import { countSteps } from '../support/steps.ts';
import { memoryWindow } from './memory-window.ts';

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Scene {
  readonly limit?: number;
  readonly windowMs?: number;
  readonly maxQueue?: number;
  readonly patienceMs?: number;
  readonly weights?: Readonly<Record<string, number>>;
  /** What other processes tell. */
  readonly elsewhere?: Line;
}

class Bed {
  readonly granted: Permit[] = [];
  refused = 0;
  readonly pacer: Pacer;
  readonly #patienceMs: number;

  constructor(scene: Scene) {
    const { limit = 250, windowMs = 60_000, maxQueue = 1000, patienceMs = 25_000, weights = {} } = scene;
    this.#patienceMs = patienceMs;
    const window = memoryWindow({ limit, windowMs, callTimeoutMs: 25_000 });
    vi.advanceTimersByTime(windowMs + 1);
    window.elsewhere = () => scene.elsewhere ?? [];
    const health = new Health({ attachment: new Circuit(), model: new Circuit() });
    const weightOf = (client: string): number => weights[client] ?? 1;
    const lanes = [{ attachment: 'LANE', window, health }];
    this.pacer = new Pacer({ lanes, maxQueue, windowMs, credit: limit / 10, weightOf });
  }

  ask(client: string, question: string): void {
    const deadline = performance.now() + this.#patienceMs;
    const terms = { client, urgency: 3, deadline, signal: new AbortController().signal };
    this.pacer.acquire(terms, { question }).then(
      (slot) => this.granted.push(slot),
      () => this.refused++,
    );
  }

  /** Many calls of fifty services, all at once. @returns steps until each was granted, refused or left waiting */
  async burst(calls: number): Promise<number> {
    const before = this.settled;
    const steps = await stepsOf(async () => {
      for (let i = 0; i < calls; i++) this.ask(`service-${i % 50}`, `question ${i}`);
      await vi.advanceTimersByTimeAsync(200);
    });
    expect(this.settled - before).toBe(calls);
    return steps;
  }

  get settled(): number {
    return this.granted.length + this.refused + this.pacer.waiting;
  }
}

const stepsOf = (run: () => Promise<unknown>): Promise<number> => countSteps('/src/pacing/', run);

/** Some for each of fifty clients, a few times. */
const STEPS_A_CALL = 4000;

const services: Line = Array.from({ length: 50 }, (_, i) => ({
  client: `service-${i}`,
  weight: 1,
  calls: 5,
  arrived: 20,
  first: [{ urgency: 3, waitedMs: 10 }],
}));

describe('a burst of calls of fifty services', () => {
  it.each<[string, Scene]>([
    ['that are refused but for a few', {}],
    ['that all wait', { maxQueue: 100_000, patienceMs: 29_000, windowMs: 1000 }],
    ['that are all served', { limit: 100_000 }],
    ['with as many in other processes', { elsewhere: services }],
    ['in a full queue', { maxQueue: 10 }],
  ])('%s costs what it holds, not its square', async (_, scene) => {
    const few = await new Bed(scene).burst(600);
    const more = await new Bed(scene).burst(1200);
    const most = await new Bed(scene).burst(2400);
    // The next 1,200 cost no more than twice the last 600 did, or hardly: those of a square would cost 3.5 times as much.
    expect(most - more).toBeLessThan(2 * 1.25 * (more - few));
    expect(most / 2400).toBeLessThan(STEPS_A_CALL);
  });

  it('costs those who wait nothing while they do, but for a look at some of them now and then', async () => {
    const bed = new Bed({ maxQueue: 100_000, limit: 400, windowMs: 10_000, patienceMs: 29_000 });
    await bed.burst(1000);
    expect(bed.pacer.waiting).toBeGreaterThan(300);
    const aSecond = await stepsOf(() => vi.advanceTimersByTimeAsync(1000));
    // 64 of them, four times a second, each beside fifty clients; and the calls that are served meanwhile.

    expect(aSecond).toBeLessThan(200_000);
  });
});

describe('at the ends of what may be configured', () => {
  const WEIGHTS = [0.001, 1, 1000];
  const SCENES: Scene[] = [1, 4, 1_000_000].flatMap((limit) =>
    [100, 60_000, 3_600_000].flatMap((windowMs) =>
      [1, 100_000].map((maxQueue) => ({ limit, windowMs, maxQueue })),
    ),
  );

  it.each(SCENES)('%j: every call is granted, refused or waits, in few steps', async (scene) => {
    for (const one of WEIGHTS) {
      for (const two of WEIGHTS) {
        const bed = new Bed({ ...scene, weights: { one, two } });
        const steps = await stepsOf(async () => {
          for (let i = 0; i < 5; i++) bed.ask('two', `two ${i}`);
          for (let i = 0; i < 80; i++) bed.ask('one', `one ${i}`);
          for (let i = 0; i < 5; i++) bed.ask('two', `two again ${i}`);
          await vi.advanceTimersByTimeAsync(100);
        });
        expect(bed.settled).toBe(90);
        expect(bed.granted.length).toBeGreaterThan(0);
        expect(steps / 90).toBeLessThan(STEPS_A_CALL);
      }
    }
  });

  it('a limit of a million with 249 left costs what it holds', async () => {
    const bed = new Bed({ limit: 1_000_000 });
    bed.ask('service-0', 'first');
    await vi.advanceTimersByTimeAsync(10);
    bed.granted[0]!.release({ verdict: 'scored', answered: true, remaining: 249 });
    expect((await bed.burst(1200)) / 1200).toBeLessThan(STEPS_A_CALL);
    expect(bed.granted.length).toBeGreaterThan(100);
  });

  it('another process that tells of impossible numbers costs no more', async () => {
    const line = { client: 'service-1', weight: 1000, calls: 1e6, arrived: 1e6, first: [] };
    const bed = new Bed({ elsewhere: [line], weights: { 'service-1': 1000 } });
    expect((await bed.burst(300)) / 300).toBeLessThan(STEPS_A_CALL);
  });
});
