import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Traffic } from '../../../src/pacing/lane-server.ts';
import { expectationOf, soonestAnswer } from '../../../src/pacing/queue/expectation.ts';
import { FairQueue, type Place } from '../../../src/pacing/queue/fair-queue.ts';
import { NOTHING } from '../../../src/pacing/window/amount.ts';
import { HORIZON_MS } from '../../../src/pacing/window/schedule.ts';
import type { Line, Waiting } from '../../../src/pacing/window/window.ts';
import { Circuit } from '../../../src/upstream/circuit.ts';
import { Health } from '../../../src/upstream/health.ts';

const NOW = 10_000;
const LATENCY_MS = 100;
const MOST_MS = 150;
const PERIOD_MS = 10_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(NOW);
});
afterEach(() => {
  vi.useRealTimers();
});

const waiting = (client: string, calls: number, over: Partial<Waiting> = {}): Waiting => ({
  client,
  weight: 1,
  calls,
  arrived: 0,
  first: calls > 0 ? [{ urgency: 3, waitedMs: 50 }] : [],
  ...over,
});

interface Scene {
  /** Places that are free; after those, one comes free each second. */
  readonly free: number;
  readonly here?: readonly Place[];
  readonly elsewhere?: Line;
  /** When callers come back that have been told to, milliseconds from now. */
  readonly reserved?: ReadonlyMap<string, readonly number[]>;
  /** Within the last period, of ten seconds. */
  readonly arrived?: ReadonlyMap<string, number>;
}

const trafficOf = (scene: Scene): Traffic => {
  const { free, here = [], elsewhere = [], reserved = new Map(), arrived = new Map() } = scene;
  const queue = new FairQueue();
  for (const item of here) queue.push(item);
  const window = {
    admit: async () => ({ grants: [] }),
    used: () => NOTHING,
    elsewhere: () => elsewhere,
    schedules: () => ({
      calls: { startOf: (n: number) => Math.min(HORIZON_MS, Math.max(0, (n + 1 - free) * 1000)) },
    }),
  };
  const health = new Health({ attachment: new Circuit(), model: new Circuit() });
  return {
    lanes: [{ attachment: 'LANE', window: window as never, health }],
    queue,
    reservations: {
      clients: () => reserved.keys(),
      dueBy: (client: string, at: number) =>
        (reserved.get(client) ?? []).filter((ms: number) => NOW + ms <= at).length,
    },
    recent: {
      clients: () => arrived.keys(),
      within: (client: string, ms: number) => ((arrived.get(client) ?? 0) * ms) / PERIOD_MS,
      periodMs: PERIOD_MS,
      ms: LATENCY_MS,
      mostMs: MOST_MS,
      tokens: 0,
    },
  } as unknown as Traffic;
};

const SEARCH = { client: 'search', urgency: 3 };

describe('what a call has to expect', () => {
  it('is no wait while there is room for all who are before it', () => {
    const expectation = expectationOf(trafficOf({ free: 50, here: [{ ...SEARCH }, { ...SEARCH }] }), SEARCH);
    expect(expectation).toEqual({ waitMs: 0, answerAt: NOW, close: false });
  });

  it('is the wait for those before it, in all processes, and its answer after that', () => {
    const scene = {
      free: 0,
      here: [{ ...SEARCH }, { ...SEARCH }],
      elsewhere: [waiting('search', 3), waiting('search', 4)],
    };
    const { waitMs, answerAt, close } = expectationOf(trafficOf(scene), SEARCH)!;
    expect(waitMs).toBe((2 + 3 + 4 + 1) * 1000);
    expect(answerAt).toBe(NOW + waitMs + MOST_MS);
    expect(close).toBe(true);
  });

  it('counts no more of another service than are served before its turn', () => {
    const scene = { free: 0, elsewhere: [waiting('evaluation', 500)] };
    expect(expectationOf(trafficOf(scene), SEARCH)!.waitMs).toBe(2000);
  });

  it('is no more than its share beside a service that has calls waiting, whose next ones come in their turns', () => {
    const waitOf = (scene: Scene): number => expectationOf(trafficOf(scene), SEARCH)!.waitMs;
    const here = Array.from({ length: 10 }, () => ({ ...SEARCH }));
    expect(waitOf({ free: 0, here })).toBe(11_000);
    const one = { client: 'evaluation', urgency: 3 };
    expect(waitOf({ free: 0, here: [...here, one] })).toBe(22_000);
    expect(waitOf({ free: 0, here, elsewhere: [waiting('evaluation', 1)] })).toBe(22_000);
  });

  it('passes those of its own service elsewhere that are less urgent', () => {
    const scene = { free: 0, elsewhere: [waiting('search', 5)] };
    const waitOf = (scene: Scene, urgency: number): number =>
      expectationOf(trafficOf(scene), { client: 'search', urgency })!.waitMs;
    expect(waitOf(scene, 2)).toBe(1000);
    expect(waitOf(scene, 3)).toBe(6000);
    const first = [2, 3, 3].map((urgency) => ({ urgency, waitedMs: 0 }));
    expect(waitOf({ free: 0, elsewhere: [waiting('search', 5, { first })] }, 2)).toBe(2000);
  });

  it('of one that waits counts those before it', () => {
    const [first, second] = [{ ...SEARCH }, { ...SEARCH }];
    const traffic = trafficOf({ free: 0, here: [first, second] });
    expect(expectationOf(traffic, first)!.waitMs).toBe(1000);
    expect(expectationOf(traffic, second)!.waitMs).toBe(2000);
    expect(soonestAnswer(traffic, second)).toBe(NOW + 2000 + LATENCY_MS / 2);
  });

  it('counts calls that have been told to come by then', () => {
    const reserved = new Map([['search', [1000, 1000]]]);
    expect(expectationOf(trafficOf({ free: 0, reserved }), SEARCH)!.waitMs).toBe(3000);
    // Of another service, as one that has calls waiting.
    const others = new Map([['evaluation', [1000]]]);
    const here = Array.from({ length: 3 }, () => ({ ...SEARCH }));
    expect(expectationOf(trafficOf({ free: 0, here, reserved: others }), SEARCH)!.waitMs).toBe(8000);
  });

  it('of one that comes back when it was told to counts nobody who has not come', () => {
    const here = [{ client: 'search', urgency: -1 }, { ...SEARCH }];
    const scene = { free: 0, here, reserved: new Map([['search', [0, 1000]]]) };
    expect(expectationOf(trafficOf(scene), { client: 'search', urgency: -1 })!.waitMs).toBe(2000);
  });

  it('keeps no place for those who come after it is free', () => {
    const reserved = new Map([['search', [4000, 4000, 4000, 4000, 4000]]]);
    const two = [{ ...SEARCH }, { ...SEARCH }];
    const scene = { free: 0, here: two, reserved };
    expect(expectationOf(trafficOf(scene), SEARCH)!.waitMs).toBe(3000);
    const three = { ...scene, here: [...two, { ...SEARCH }] };
    expect(expectationOf(trafficOf(three), SEARCH)!.waitMs).toBe(9000);
    const due = new Map([['search', [0, 0, 0]]]);
    expect(expectationOf(trafficOf({ free: 1, reserved: due }), SEARCH)!.waitMs).toBe(0);
  });

  it('counts calls of another service that will have come by then, if it goes on as it did, in its turn', () => {
    const waitOf = (scene: Scene): number => expectationOf(trafficOf(scene), SEARCH)!.waitMs;
    const here = Array.from({ length: 30 }, () => ({ ...SEARCH }));
    const alone = waitOf({ free: 0, here });
    const some = waitOf({
      free: 0,
      here,
      arrived: new Map([
        ['search', 50],
        ['chatbot', 1],
      ]),
    });
    const more = waitOf({ free: 0, here, arrived: new Map([['chatbot', 2]]) });
    const most = waitOf({ free: 0, here, arrived: new Map([['chatbot', 96]]) });
    // Three or four in thirty seconds, and some for chance; twice as many; and no more than it has turns.
    expect(some - alone).toBeGreaterThanOrEqual(4000);
    expect(some - alone).toBeLessThanOrEqual(8000);
    expect(more).toBeGreaterThan(some);
    expect(most).toBe(62_000);
    expect(waitOf({ free: 0, here, elsewhere: [waiting('chatbot', 0, { arrived: 2 })] })).toBe(more);
    expect(waitOf({ free: 31, here, arrived: new Map([['chatbot', 96]]) })).toBe(0);
  });

  it('depends on what others do at this moment when the room is all but used up', () => {
    expect(expectationOf(trafficOf({ free: 8 }), SEARCH)).toEqual({ waitMs: 0, answerAt: NOW, close: true });
    expect(expectationOf(trafficOf({ free: 9 }), SEARCH)!.close).toBe(false);
  });
});
