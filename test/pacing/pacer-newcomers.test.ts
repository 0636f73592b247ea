import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Terms } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { SharedTerms } from '../../src/column/shared/shared-terms.ts';
import { Pacer } from '../../src/pacing/pacer.ts';
import { Circuit } from '../../src/upstream/circuit.ts';
import { Health } from '../../src/upstream/health.ts';
import { memoryWindow } from './memory-window.ts';

const LIMIT = 10;
const WINDOW_MS = 1000;

let pacer: Pacer;
let granted: string[];

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
  const window = memoryWindow({ limit: LIMIT, windowMs: WINDOW_MS, callTimeoutMs: 5000 });
  vi.advanceTimersByTime(WINDOW_MS);
  const health = new Health({ attachment: new Circuit(), model: new Circuit() });
  pacer = new Pacer({ lanes: [{ attachment: 'LANE', window, health }], maxQueue: 100, windowMs: WINDOW_MS });
  granted = [];
});
afterEach(() => {
  vi.useRealTimers();
});

/** A call that others may join, and what it is told to expect. */
const waitAs = (name: string, { client = 'batch', urgency = 5 }: Partial<Terms> = {}) => {
  const controller = new AbortController();
  const deadline = performance.now() + 60_000;
  const terms = new SharedTerms(client, controller.signal, () => [
    { client, urgency, deadline, signal: controller.signal },
  ]);
  const expected: number[] = [];
  const done = pacer.acquire(terms, { onQueued: (answerAt) => expected.push(answerAt) }).then(
    (slot) => {
      granted.push(name);
      slot.giveBack();
    },
    () => {},
  );
  return { terms, expected, done, leave: () => controller.abort(new RerankError('client_gone')) };
};

/** Takes all the window and leaves a queue of one client behind it. */
const fillUp = async (waiting: number): Promise<void> => {
  for (let i = 0; i < LIMIT; i++) {
    const terms: Terms = {
      client: 'batch',
      urgency: 0,
      deadline: performance.now() + 60_000,
      signal: new AbortController().signal,
    };
    void pacer.acquire(terms).then((slot) => slot.release({ verdict: 'scored', answered: true }));
  }
  await vi.advanceTimersByTimeAsync(WINDOW_MS - 100);
  for (let i = 0; i < waiting; i++) waitAs(`other ${i}`, { urgency: 3 });
};

const run = (): Promise<unknown> => vi.advanceTimersByTimeAsync(20 * WINDOW_MS);

describe('a call that others join while it waits', () => {
  it('goes forward among its client’s own with a more urgent one, and is told when', async () => {
    await fillUp(30);
    const call = waitAs('joined');
    call.terms.announce({ client: 'batch', urgency: 1 });
    expect(call.expected).toHaveLength(2);
    expect(call.expected[1]).toBeLessThan(call.expected[0]!);
    await run();
    expect(granted[0]).toBe('joined');
    expect(granted).toHaveLength(31);
  });

  it('takes the turn of another client who joins', async () => {
    await fillUp(30);
    const call = waitAs('joined', { urgency: 7 });
    call.terms.announce({ client: 'newcomer', urgency: 7 });
    await run();
    expect(granted.indexOf('joined')).toBeLessThanOrEqual(1);
  });

  it('stays where it is when that is sooner', async () => {
    await fillUp(5);
    const call = waitAs('joined', { urgency: 1 });
    call.terms.announce({ client: 'batch', urgency: 7 });
    expect(call.expected).toHaveLength(1);
    await run();
    expect(granted[0]).toBe('joined');
  });

  it.each(['granted', 'left'])('is not followed any more once it was %s', async (end) => {
    await fillUp(5);
    const call = waitAs('joined', { urgency: 0 });
    if (end === 'left') call.leave();
    await run();
    await call.done;
    const told = call.expected.length;
    call.terms.announce({ client: 'newcomer', urgency: 0 });
    expect(call.expected).toHaveLength(told);
    expect(pacer.waiting).toBe(0);
  });
});
