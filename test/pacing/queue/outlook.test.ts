import { describe, expect, it } from 'vitest';
import { Lanes } from '../../../src/pacing/lanes/lanes.ts';
import { FairQueue, type Queued } from '../../../src/pacing/queue/fair-queue.ts';
import { Outlook } from '../../../src/pacing/queue/outlook.ts';
import { HORIZON_MS } from '../../../src/pacing/window/schedule.ts';
import type { Coming, Line, Waiting } from '../../../src/pacing/window/window.ts';
import { Circuit } from '../../../src/upstream/circuit.ts';
import { Health } from '../../../src/upstream/health.ts';

const NOW = 10_000;
const LATENCY_MS = 100;
const MOST_MS = 150;
const PERIOD_MS = 10_000;

const waiting = (client: string, calls: number, over: Partial<Waiting> = {}): Waiting => ({
  client,
  weight: 1,
  calls,
  arrived: 0,
  coming: [],
  first: calls > 0 ? [{ urgency: 3, waitedMs: 50 }] : [],
  ...over,
});

interface Scene {
  /** Places that are free; after those, one comes free each second. */
  readonly free: number;
  readonly here?: readonly Queued[];
  readonly elsewhere?: Line;
  readonly coming?: ReadonlyMap<string, readonly Coming[]>;
  /** Within the last period, of ten seconds. */
  readonly arrived?: ReadonlyMap<string, number>;
}

const outlookOf = (scene: Scene): Outlook => {
  const { free, here = [], elsewhere = [], coming = new Map(), arrived = new Map() } = scene;
  const queue = new FairQueue();
  for (const item of here) queue.push(item);
  const window = {
    limit: 100,
    admit: async () => ({ grants: [] }),
    used: () => 0,
    elsewhere: () => elsewhere,
    schedule: () => ({
      startOf: (n: number) => Math.min(HORIZON_MS, Math.max(0, (n + 1 - free) * 1000)),
      startedBy: (ms: number) => free + Math.floor(ms / 1000),
    }),
  };
  const health = new Health({ attachment: new Circuit(), model: new Circuit() });
  const lanes = new Lanes([{ attachment: 'LANE', window, health }]);
  const latency = { ms: LATENCY_MS, mostMs: MOST_MS };
  return new Outlook({
    lanes,
    queue,
    latency,
    coming: {
      clients: () => coming.keys(),
      expectedBy: (client, ms) =>
        (coming.get(client) ?? ([] as Coming[])).reduce(
          (sum: number, { inMs, calls }: Coming) => sum + (inMs <= ms ? calls : 0),
          0,
        ),
    },
    arrivals: { clients: () => arrived.keys(), perPeriod: (client) => arrived.get(client) ?? 0 },
    periodMs: () => PERIOD_MS,
    now: () => NOW,
  });
};

const SEARCH = { client: 'search', urgency: 3 };

describe('what a call has to expect', () => {
  it('is no wait while there is room for all who are before it', () => {
    const expectation = outlookOf({ free: 50, here: [SEARCH, SEARCH] }).of(SEARCH, undefined);
    expect(expectation).toEqual({ waitMs: 0, answerAt: NOW, close: false });
  });

  it('is the wait for those before it, in all processes, and its answer after that', () => {
    const scene = {
      free: 0,
      here: [SEARCH, SEARCH],
      elsewhere: [waiting('search', 3), waiting('search', 4)],
    };
    const { waitMs, answerAt, close } = outlookOf(scene).of(SEARCH, undefined)!;
    expect(waitMs).toBe((2 + 3 + 4 + 1) * 1000);
    expect(answerAt).toBe(NOW + waitMs + MOST_MS);
    expect(close).toBe(true);
  });

  it('counts no more of another service than are served before its turn', () => {
    const scene = { free: 0, elsewhere: [waiting('evaluation', 500)] };
    expect(outlookOf(scene).of(SEARCH, undefined)!.waitMs).toBe(2000);
  });

  it('promises no more than its share beside a service that has calls waiting, whose next ones come in their turns', () => {
    const promised = (scene: Scene): number =>
      outlookOf(scene).of(SEARCH, undefined)!.answerAt - NOW - MOST_MS;
    const here = Array.from({ length: 10 }, () => SEARCH);
    expect(promised({ free: 0, here })).toBe(11_000);
    const one = { client: 'evaluation', urgency: 3 };
    expect(promised({ free: 0, here: [...here, one] })).toBe(22_000);
    expect(promised({ free: 0, here, elsewhere: [waiting('evaluation', 1)] })).toBe(22_000);
    // It is expected sooner.
    expect(outlookOf({ free: 0, here: [...here, one] }).of(SEARCH, undefined)!.waitMs).toBe(12_000);
  });

  it('passes those of its own service elsewhere that are less urgent', () => {
    const scene = { free: 0, elsewhere: [waiting('search', 5)] };
    expect(outlookOf(scene).of({ client: 'search', urgency: 2 }, undefined)!.waitMs).toBe(1000);
    expect(outlookOf(scene).of({ client: 'search', urgency: 3 }, undefined)!.waitMs).toBe(6000);
  });

  it('counts calls that have been told to come by then, here and elsewhere', () => {
    const scene = {
      free: 0,
      coming: new Map([['search', [{ inMs: 1000, calls: 2 }]]]),
      elsewhere: [waiting('search', 0, { coming: [{ inMs: 3000, calls: 3 }] })],
    };
    expect(outlookOf(scene).of(SEARCH, undefined)!.waitMs).toBe(6000);
  });

  it('keeps no place for those who come after it is free', () => {
    const coming = new Map([['search', [{ inMs: 4000, calls: 5 }]]]);
    const scene = { free: 0, here: [SEARCH, SEARCH], coming };
    expect(outlookOf(scene).of(SEARCH, undefined)!.waitMs).toBe(3000);
    expect(outlookOf({ ...scene, here: [SEARCH, SEARCH, SEARCH] }).of(SEARCH, undefined)!.waitMs).toBe(9000);
    expect(outlookOf({ ...scene, here: [], free: 1 }).of(SEARCH, undefined)!.waitMs).toBe(0);
  });

  it('counts calls of another service that will have come by then, if it goes on as it did, in its turn', () => {
    const arrived = new Map([
      ['search', 50],
      ['chatbot', 4],
    ]);
    const here = Array.from({ length: 8 }, () => SEARCH);
    // Nine places a second apart, and two more for every five seconds that pass; but no more than it has turns.
    expect(outlookOf({ free: 0, here, arrived }).of(SEARCH, undefined)!.waitMs).toBe(15_000);
    const elsewhere = [waiting('chatbot', 0, { arrived: 96 })];
    expect(outlookOf({ free: 0, here, arrived, elsewhere }).of(SEARCH, undefined)!.waitMs).toBe(18_000);
    expect(outlookOf({ free: 9, here, arrived, elsewhere }).of(SEARCH, undefined)!.waitMs).toBe(0);
  });

  it('depends on what others do at this moment when the room is all but used up', () => {
    expect(outlookOf({ free: 8 }).of(SEARCH, undefined)).toEqual({ waitMs: 0, answerAt: NOW, close: true });
    expect(outlookOf({ free: 9 }).of(SEARCH, undefined)!.close).toBe(false);
  });
});
