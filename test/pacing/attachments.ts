/** Pacers over attachments that a test can make fail, at a clock that a test moves. */

import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { Again, Verdict } from '../../src/calls/attempt.ts';
import type { Terms } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import type { Permit } from '../../src/calls/permit.ts';
import { Pacer } from '../../src/pacing/pacer.ts';
import { Circuit } from '../../src/upstream/circuit.ts';
import { Health } from '../../src/upstream/health.ts';
import { memoryWindow } from './memory-window.ts';

export const WINDOW_MS = 10_000;
export const [A, B] = ['RERANK', 'RERANK_EU'] as const;

/** For a test file as a whole. */
export const useFakeClock = (): void => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
};

export interface Attached {
  readonly pacer: Pacer;
  /** Of another model at the same attachments. */
  readonly other: Pacer;
  /** What all models of an attachment share. */
  readonly circuits: Readonly<Record<string, Circuit>>;
}

/** @param limits calls per window, by attachment */
export const attach = (limits: Readonly<Record<string, number>>, maxQueue = 100): Attached => {
  const circuits = Object.fromEntries(Object.keys(limits).map((alias) => [alias, new Circuit()]));
  const pacerOf = (): Pacer =>
    new Pacer({
      lanes: Object.entries(limits).map(([attachment, limit]) => ({
        attachment,
        window: memoryWindow({ limit, windowMs: WINDOW_MS, callTimeoutMs: 25_000 }),
        health: new Health({ attachment: circuits[attachment]!, model: new Circuit() }),
      })),
      maxQueue,
      windowMs: WINDOW_MS,
    });
  const attached = { pacer: pacerOf(), other: pacerOf(), circuits };
  // Windows that have been running for long.
  vi.advanceTimersByTime(WINDOW_MS);
  return attached;
};

export interface CallOptions extends Partial<Terms> {
  readonly again?: Partial<Again>;
  readonly content?: string | undefined;
  readonly onQueued?: (expected: number) => void;
}

/** Waits for a slot, for a minute at most. */
export const acquire = (
  pacer: Pacer,
  { again, onQueued, content, ...over }: CallOptions = {},
): Promise<Permit> => {
  const terms: Terms = {
    client: 'search',
    urgency: 3,
    deadline: performance.now() + 60_000,
    signal: new AbortController().signal,
    ...over,
  };
  const none = new Set<string>();
  const slot = pacer.acquire(terms, {
    onQueued,
    again: again && { avoid: none, never: none, ...again },
    content: content === undefined ? undefined : () => content,
  });
  slot.catch(() => {});
  return slot;
};

export const end = (slot: Permit, verdict: Verdict = 'scored'): void =>
  slot.release({ verdict, answered: !['failed', 'unreachable', 'unknown'].includes(verdict) });

/** What a slot's queue needs to decide about everything that can be decided now, milliseconds. */
const MOMENT_MS = 50;

/** Lets everything happen that needs no waiting. */
export const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(MOMENT_MS);

/** A slot that is there to be had; rejects when it is refused. */
export const taken = async (pacer: Pacer, options?: CallOptions): Promise<Permit> => {
  const slot = acquire(pacer, options);
  await settle();
  return slot;
};

/** The attachment that each call gets a slot of, `waiting` for one that has none yet, or the error. */
export const standOf = async (slots: readonly Promise<Permit>[]): Promise<string[]> => {
  const stands = slots.map(() => 'waiting');
  slots.forEach((slot, i) => {
    slot.then(
      ({ attachment }) => (stands[i] = attachment),
      (thrown: unknown) => (stands[i] = thrown instanceof RerankError ? thrown.kind : String(thrown)),
    );
  });
  await settle();
  return stands;
};

/** Five calls on an attachment that fail, each after a second. */
export const breakDown = (circuit: Circuit): void => {
  for (let i = 0; i < 5; i++) {
    const call = circuit.begin();
    vi.advanceTimersByTime(1000);
    circuit.end(call, 'failed');
  }
  expect(circuit.standing()).toBe('out');
};
