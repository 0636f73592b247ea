import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cost, Terms } from '../../src/calls/call.ts';
import type { Permit } from '../../src/calls/permit.ts';
import { Pacer } from '../../src/pacing/pacer.ts';
import type { FleetWindow } from '../../src/pacing/window/fleet-window.ts';
import { sizeOf } from '../../src/pacing/window/window.ts';
import { Circuit } from '../../src/upstream/circuit.ts';
import { Health } from '../../src/upstream/health.ts';
import { memoryWindow } from './memory-window.ts';

const RULES = { limit: 100, tokenLimit: 1000, windowMs: 10_000, callTimeoutMs: 25_000 };

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const pacerOn = (window: FleetWindow): Pacer => {
  const health = new Health({ attachment: new Circuit(), model: new Circuit() });
  return new Pacer({
    lanes: [{ attachment: 'LANE', window, health }],
    maxQueue: 100,
    windowMs: RULES.windowMs,
    sizeOf: (tokens) => sizeOf(tokens, RULES),
  });
};

/** Of a window that has been running for long. */
const warm = (): { pacer: Pacer; window: FleetWindow } => {
  const window = memoryWindow(RULES);
  vi.advanceTimersByTime(RULES.windowMs);
  return { pacer: pacerOn(window), window };
};

const terms = (over: Partial<Terms> = {}): Terms => ({
  client: 'search',
  urgency: 3,
  deadline: performance.now() + 60_000,
  signal: new AbortController().signal,
  ...over,
});

const exactly = (tokens: number): Cost => ({ likely: () => tokens, most: () => tokens, full: () => tokens });

interface Asked {
  readonly expected: number[];
  permit: Permit | undefined;
}

const ask = (pacer: Pacer, tokens: Cost, over: Partial<Terms> = {}): Asked => {
  const asked: Asked = { expected: [], permit: undefined };
  void pacer
    .acquire(terms(over), { tokens, onQueued: (answerAt) => asked.expected.push(answerAt) })
    .then((permit) => {
      asked.permit = permit;
    });
  return asked;
};

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const end = (asked: Asked, tokens: number): void =>
  asked.permit!.release({ verdict: 'scored', answered: true, tokens });

describe('calls whose tokens are limited', () => {
  it('wait for room for their tokens, though there is room for many calls', async () => {
    const { pacer } = warm();
    const first = ask(pacer, exactly(600));
    await pass(10);
    end(first, 600);
    const second = ask(pacer, exactly(600));
    await pass(9000);
    expect(second.permit).toBeUndefined();
    await pass(1100);
    expect(second.permit?.wait.reason).toBe('tokens');
  });

  it('are told when their answer should be there, and refused at once when that is too late', async () => {
    const { pacer } = warm();
    const first = ask(pacer, exactly(900));
    await pass(10);
    end(first, 900);
    const asked = performance.now();
    const second = ask(pacer, exactly(300));
    await pass(50);
    expect(second.expected.at(-1)! - asked).toBeGreaterThan(9000);
    expect(second.expected.at(-1)! - asked).toBeLessThan(11_000);
    await expect(
      pacer.acquire(terms({ deadline: performance.now() + 5000 }), { tokens: exactly(300) }),
    ).rejects.toMatchObject({ kind: 'wait_too_long', wait: { reason: 'tokens' } });
  });

  it('are expected to wait as long as one would that costs what they do of late', async () => {
    const { pacer } = warm();
    expect(pacer.expectedMs('search')).toBe(0);
    for (let i = 0; i < 9; i++) {
      const call = ask(pacer, exactly(300));
      await pass(RULES.windowMs);
      end(call, 300);
    }
    const large = ask(pacer, exactly(850));
    await pass(10_100);
    end(large, 850);
    expect(pacer.expectedMs('search')).toBeGreaterThan(9000);
  });

  it('are granted at once what another has not cost', async () => {
    const { pacer } = warm();
    const first = ask(pacer, exactly(700));
    await pass(10);
    const second = ask(pacer, exactly(500));
    await pass(100);
    expect(second.permit).toBeUndefined();
    end(first, 200);
    await pass(1);
    expect(second.permit).toBeDefined();
  });

  it.each([1e9, 1e300, Number.POSITIVE_INFINITY])(
    'hold no more than the window for a bill of %d',
    async (bill) => {
      const { pacer, window } = warm();
      const [first, second] = [ask(pacer, exactly(100)), ask(pacer, exactly(100))];
      await pass(10);
      end(first, bill);
      end(second, 70);
      expect(window.used().tokens).toBe(1070);
      await pass(RULES.windowMs);
      expect(window.used().tokens).toBe(0);
      const next = ask(pacer, exactly(100));
      await pass(10);
      expect(window.used().tokens).toBe(100);
      expect(next.permit).toBeDefined();
    },
  );

  it('are closed in the step in which they get their permit', async () => {
    const { pacer } = warm();
    const order: string[] = [];
    void pacer
      .acquire(terms(), { tokens: exactly(10), onGrant: () => order.push('closed') })
      .then(() => order.push('granted'));
    await pass(10);
    expect(order).toEqual(['closed', 'granted']);
  });

  it('share them by their clients’ weights, however large the calls of each are', async () => {
    const { pacer } = warm();
    const costs = new Map<string, number>();
    const go = (client: string, tokens: number): void => {
      const asked = ask(pacer, exactly(tokens), { client, deadline: performance.now() + 3_600_000 });
      const look = setInterval(() => {
        if (!asked.permit) return;
        clearInterval(look);
        costs.set(client, (costs.get(client) ?? 0) + tokens);
        end(asked, tokens);
        go(client, tokens);
      }, 20);
    };
    for (let i = 0; i < 4; i++) go('few large', 150);
    for (let i = 0; i < 40; i++) go('many small', 15);
    await pass(6 * RULES.windowMs);
    const [large, small] = [costs.get('few large')!, costs.get('many small')!];
    expect((large + small) / (6 * RULES.tokenLimit)).toBeGreaterThan(0.85);
    expect(large / small).toBeGreaterThan(0.85);
    expect(large / small).toBeLessThan(1.18);
  });
});

describe('a call that others join while it asks', () => {
  /** A window that grants what is asked for a moment later, and notes what that was. */
  const slow = (): { window: FleetWindow; asked: number[] } => {
    const asked: number[] = [];
    const window = memoryWindow(RULES);
    vi.advanceTimersByTime(RULES.windowMs);
    const [attach, admit] = [window.attach.bind(window), window.admit.bind(window)];
    let due = (): number => 0;
    window.attach = (backlog) => {
      attach(backlog);
      due = () => backlog.due?.() ?? 0;
    };
    window.admit = async (wanted) => {
      asked.push(due());
      const admission = await admit(wanted);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return admission;
    };
    return { window, asked };
  };

  it('asks again, for as many as will have come by then, and gives back what it had', async () => {
    const { window, asked } = slow();
    let cost = 10;
    const growing = { likely: () => cost, most: () => cost, full: () => 100 };
    const call = ask(pacerOn(window), growing);
    await pass(1);
    cost = 20;
    await pass(5);
    await pass(20);
    expect(asked).toEqual([10, 40]);
    expect(call.permit).toBeDefined();
    expect(window.used()).toEqual({ calls: 1, tokens: 40 });
  });

  it('never asks for more than it costs when it is full', async () => {
    const { window, asked } = slow();
    let cost = 60;
    ask(pacerOn(window), { likely: () => cost, most: () => cost, full: () => 100 });
    await pass(1);
    cost = 90;
    await pass(20);
    expect(asked).toEqual([60, 100]);
  });
});
