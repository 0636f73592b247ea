import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Verdict } from '../../src/calls/attempt.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { A, acquire, attach, B, breakDown, end, standOf, taken, useFakeClock } from './attachments.ts';

useFakeClock();

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

describe('an attachment that is down', () => {
  test('gets no calls while another is up', async () => {
    const { pacer, circuits } = attach({ [A]: 10, [B]: 10 });
    breakDown(circuits[A]!);
    expect(await standOf(times(8, () => acquire(pacer)))).toEqual(times(8, () => B));
  });

  test('is not counted on: the wait is predicted from the others', async () => {
    const { pacer, circuits } = attach({ [A]: 10, [B]: 1 });
    breakDown(circuits[A]!);
    await taken(pacer);
    const patience = { deadline: performance.now() + 2000 };
    expect(await standOf([acquire(pacer, patience)])).toEqual(['wait_too_long']);
  });

  test('is tried by one call, and by all when that one succeeds', async () => {
    const { pacer, circuits } = attach({ [A]: 100, [B]: 1 });
    breakDown(circuits[A]!);
    // The only place of the other one is taken, so that whoever can goes to the one on trial.
    await taken(pacer);
    vi.advanceTimersByTime(1000);
    const calls = times(5, () => acquire(pacer));
    expect(await standOf(calls)).toEqual([A, 'waiting', 'waiting', 'waiting', 'waiting']);
    end(await calls[0]!);
    expect(await standOf(calls)).toEqual(times(5, () => A));
  });

  test('is tried by the next call in line when the one that tries it is given up', async () => {
    const { pacer, circuits } = attach({ [A]: 100, [B]: 1 });
    breakDown(circuits[A]!);
    await taken(pacer);
    vi.advanceTimersByTime(1000);
    const calls = times(2, () => acquire(pacer));
    expect(await standOf(calls)).toEqual([A, 'waiting']);
    end(await calls[0]!, 'unknown');
    expect(await standOf(calls)).toEqual([A, A]);
  });

  test('is tried without a newcomer: those who wait elsewhere do', async () => {
    const { pacer, circuits } = attach({ [A]: 100, [B]: 1 });
    breakDown(circuits[A]!);
    await taken(pacer);
    const calls = times(2, () => acquire(pacer));
    expect(await standOf(calls)).toEqual(['waiting', 'waiting']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await standOf(calls)).toEqual([A, 'waiting']);
  });
});

describe('of several attachments that have room', () => {
  test.each([1, 2, 3, 4, 5])('each serves, also when callers come in step, %i at a time', async (callers) => {
    const { pacer } = attach({ [A]: 10_000, [B]: 10_000 });
    const served: string[] = [];
    for (let round = 0; round < 10; round++) {
      const slots = await Promise.all(times(callers, () => taken(pacer)));
      served.push(...slots.map(({ attachment }) => attachment));
      for (const slot of slots) end(slot);
    }
    for (const attachment of [A, B]) {
      const part = served.filter((one) => one === attachment).length;
      expect(part).toBeGreaterThan(0.3 * served.length);
    }
  });
});

describe('without any attachment that is up', () => {
  test('a call is refused at once, and told when one is tried again', async () => {
    const { pacer, circuits } = attach({ [A]: 10, [B]: 10 });
    breakDown(circuits[A]!);
    breakDown(circuits[B]!);
    // The first has come to its trial while the second broke down.
    end(await taken(pacer), 'unreachable');
    const left = circuits[B]!.retryInMs();
    expect(left).toBeGreaterThan(0);
    const refused = await acquire(pacer).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ kind: 'no_upstream', retryAfterMs: left });
  });

  test('nobody goes on waiting', async () => {
    const { pacer, other, circuits } = attach({ [A]: 1 });
    await taken(pacer);
    await taken(other);
    const waiting = [acquire(pacer), acquire(pacer), acquire(other)];
    expect(await standOf(waiting)).toEqual(['waiting', 'waiting', 'waiting']);
    breakDown(circuits[A]!);
    expect(await standOf(waiting)).toEqual(['no_upstream', 'no_upstream', 'no_upstream']);
    expect([pacer.waiting, other.waiting]).toEqual([0, 0]);
  });

  test('one call tries the only one there is, and others are refused until it has', async () => {
    const { pacer, circuits } = attach({ [A]: 10 });
    breakDown(circuits[A]!);
    vi.advanceTimersByTime(1000);
    const calls = times(3, () => acquire(pacer));
    expect(await standOf(calls)).toEqual([A, 'no_upstream', 'no_upstream']);
    expect(await standOf([acquire(pacer)])).toEqual(['no_upstream']);
    end(await calls[0]!);
    expect(await standOf([acquire(pacer)])).toEqual([A]);
  });
});

describe('a refusal', () => {
  test('of a model keeps calls for that model away, and for no other', async () => {
    const { pacer, other } = attach({ [A]: 100, [B]: 100 });
    // Whichever comes first.
    const slot = await taken(pacer);
    end(slot, 'refused_model');
    const spared = slot.attachment === A ? B : A;
    expect(await standOf(times(20, () => acquire(pacer)))).toEqual(times(20, () => spared));
    const others = await standOf(times(20, () => acquire(other)));
    expect(new Set(others)).toEqual(new Set([A, B]));
  });

  test('of the key keeps all calls away', async () => {
    const { pacer, other } = attach({ [A]: 100, [B]: 100 });
    const slot = await taken(pacer);
    end(slot, 'refused_key');
    const spared = slot.attachment === A ? B : A;
    const calls = [...times(20, () => acquire(pacer)), ...times(20, () => acquire(other))];
    expect(await standOf(calls)).toEqual(times(40, () => spared));
  });

  test('keeps nobody away who has nowhere else to go, so that he hears of it', async () => {
    const { pacer } = attach({ [A]: 100 });
    end(await taken(pacer), 'refused_key');
    const calls = times(3, () => acquire(pacer));
    expect(await standOf(calls)).toEqual([A, A, A]);
    end(await calls[0]!);
    expect(await standOf([acquire(pacer)])).toEqual([A]);
  });

  test('is worse than nothing: of one that refuses and one that is down, the first is asked', async () => {
    const { pacer, circuits } = attach({ [A]: 100, [B]: 100 });
    breakDown(circuits[B]!);
    const slot = await taken(pacer);
    expect(slot.attachment).toBe(A);
    end(slot, 'refused_key');
    expect(await standOf(times(3, () => acquire(pacer)))).toEqual([A, A, A]);
  });
});

describe('a call that is made again', () => {
  test('goes to another attachment than the one that failed it', async () => {
    const { pacer } = attach({ [A]: 100, [B]: 100 });
    const calls = times(20, () => acquire(pacer, { again: { avoid: new Set([A]) } }));
    expect(await standOf(calls)).toEqual(times(20, () => B));
  });

  test('goes to the same one when there is no other', async () => {
    const { pacer, circuits } = attach({ [A]: 100, [B]: 100 });
    breakDown(circuits[B]!);
    expect(await standOf([acquire(pacer, { again: { avoid: new Set([A]) } })])).toEqual([A]);
  });

  test('goes to the same one when the other has no room in time', async () => {
    const { pacer } = attach({ [A]: 1, [B]: 100 });
    // Takes the only place of the first.
    while ((await taken(pacer)).attachment !== A);
    const deadline = performance.now() + 2000;
    expect(await standOf([acquire(pacer, { deadline, again: { avoid: new Set([B]) } })])).toEqual([B]);
  });

  test('waits for the other when that has room in time, and is told how long', async () => {
    const { pacer } = attach({ [A]: 1, [B]: 100 });
    let slot = await taken(pacer);
    while (slot.attachment !== A) slot = await taken(pacer);
    end(slot);
    const onQueued = vi.fn<(expected: number) => void>();
    const call = acquire(pacer, { again: { avoid: new Set([B]) }, onQueued });
    expect(await standOf([call])).toEqual(['waiting']);
    expect(onQueued.mock.calls[0]![0]).toBeGreaterThan(performance.now() + 9000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await standOf([call])).toEqual([A]);
  });

  test('never goes where it would only hear the same again', async () => {
    const { pacer } = attach({ [A]: 100 });
    expect(await standOf([acquire(pacer, { again: { never: new Set([A]) } })])).toEqual(['no_upstream']);
  });

  test('does not go on waiting when the attachment it waits for goes down', async () => {
    const { pacer, circuits } = attach({ [A]: 100, [B]: 1 });
    while ((await taken(pacer)).attachment !== B);
    const never = acquire(pacer, { again: { never: new Set([A]) } });
    const avoid = acquire(pacer, { again: { avoid: new Set([A]) } });
    expect(await standOf([never, avoid])).toEqual(['waiting', 'waiting']);
    breakDown(circuits[B]!);
    expect(await standOf([never, avoid])).toEqual(['no_upstream', A]);
  });

  test('comes before all other calls of its client, whatever their urgency, and after none of them', async () => {
    const { pacer } = attach({ [A]: 1 });
    end(await taken(pacer));
    const calls = [...times(3, () => acquire(pacer, { urgency: 0 })), acquire(pacer, { again: {} })];
    expect(await standOf(calls)).toEqual(times(4, () => 'waiting'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await standOf(calls)).toEqual(['waiting', 'waiting', 'waiting', A]);
  });

  test('is not refused because the queue is full: it has been let in', async () => {
    const { pacer } = attach({ [A]: 1 }, 2);
    end(await taken(pacer));
    const calls = [...times(3, () => acquire(pacer)), acquire(pacer, { again: {} })];
    expect(await standOf(calls)).toEqual(['waiting', 'waiting', 'queue_full', 'waiting']);
  });
});

describe('a slot', () => {
  test('is replaceable while another attachment is up that has not failed the call', async () => {
    const { pacer, circuits } = attach({ [A]: 100, [B]: 100 });
    expect((await taken(pacer)).replaceable).toBe(true);
    expect((await taken(pacer, { again: { avoid: new Set([A]) } })).replaceable).toBe(false);
    expect((await taken(pacer, { again: { never: new Set([A]) } })).replaceable).toBe(false);
    breakDown(circuits[A]!);
    expect((await taken(pacer)).replaceable).toBe(false);
  });
});

test('whatever becomes of the calls, each is granted a slot or refused in the end', async () => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 3000 }),
    verdict: fc.constantFrom<Verdict>(
      ...(['scored', 'alive', 'failed', 'failed', 'failed', 'unreachable', 'unreachable'] as const),
      ...(['refused_key', 'refused_model', 'unknown'] as const),
    ),
    lasts: fc.integer({ min: 0, max: 4000 }),
    leavesAfter: fc.option(fc.integer({ min: 0, max: 5000 })),
    client: fc.constantFrom('search', 'chatbot'),
    content: fc.option(fc.constantFrom('one', 'two', 'three', 'four'), { nil: undefined }),
    avoid: fc.option(fc.subarray([A, B])),
    never: fc.subarray([A, B]),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (script) => {
      const { pacer } = attach({ [A]: 5, [B]: 3 }, 20);
      const ended: Promise<unknown>[] = [];
      for (const { after, verdict, lasts, leavesAfter, client, content, avoid, never } of script) {
        await vi.advanceTimersByTimeAsync(after);
        const leaver = new AbortController();
        const again = avoid ? { again: { avoid: new Set(avoid), never: new Set(never) } } : {};
        const slot = acquire(pacer, { client, content, signal: leaver.signal, ...again });
        if (leavesAfter !== null) setTimeout(() => leaver.abort(new RerankError('client_gone')), leavesAfter);
        ended.push(
          slot.then(
            (granted) => {
              setTimeout(() => end(granted, verdict), lasts);
            },
            (thrown: unknown) => expect(thrown).toBeInstanceOf(RerankError),
          ),
        );
      }
      await vi.advanceTimersByTimeAsync(200_000);
      await Promise.all(ended);
      expect(pacer.waiting).toBe(0);
      // And whatever they said, the attachments are tried again.
      end(await taken(pacer));
    }),
    { numRuns: 60 },
  );
});
