import { describe, expect, test, vi } from 'vitest';
import type { Layer } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { pace } from '../../src/column/pace.ts';
import { quota } from '../../src/column/quota.ts';
import { failure, stack, turns } from '../support/fakes.ts';
import { connect, slotted } from '../upstream/upstreams.ts';
import { FakePermits } from './fake-permits.ts';

const gone = new RerankError('client_gone');

/** A call in front of a real upstream, whose caller leaves when it is told to. */
const aCall = async (between: Layer = (inner) => inner) => {
  const { scorer, simulator } = await connect();
  const permits = new FakePermits();
  const settle = vi.fn<(called: boolean) => void>();
  const quotas = { take: async () => ({ settle }) };
  const leaver = new AbortController();
  const column = stack(
    scorer,
    quota(quotas),
    pace({ permits: () => permits }),
    between,
    // The permits here are of another attachment than the one that the test is connected to.
    (inner) => ({ answer: (ask) => inner.answer({ ...ask, attachment: 'RERANK' }) }),
  );
  const answer = failure(column.answer(slotted({ terms: { signal: leaver.signal } })));
  return { answer, permits, settle, simulator, leave: () => leaver.abort(gone) };
};

describe('a caller that leaves after its slot was granted, before anything was sent,', () => {
  test('leaves its place to others, and none of its quota', async () => {
    let looking = (): void => {};
    const lookAgain: Layer = (inner) => ({
      answer: async (ask) => {
        await new Promise<void>((resolve) => {
          looking = resolve;
        });
        return inner.answer(ask);
      },
    });
    const { answer, permits, settle, simulator, leave } = await aCall(lookAgain);
    await turns();
    permits.grant();
    await turns();
    leave();
    looking();
    expect(await answer).toBe(gone);
    expect(permits).toMatchObject({ released: [], givenBack: 1 });
    expect(settle.mock.calls).toEqual([[false]]);
    expect(simulator.calls).toHaveLength(0);
  });

  test('also at the very moment of the grant', async () => {
    const { answer, permits, settle, simulator, leave } = await aCall();
    await turns();
    permits.grant();
    leave();
    expect(await answer).toBe(gone);
    expect(permits).toMatchObject({ released: [], givenBack: 1 });
    expect(settle.mock.calls).toEqual([[false]]);
    expect(simulator.calls).toHaveLength(0);
  });

  test('but not when the call was sent: it has its place, and is charged', async () => {
    const { answer, permits, settle, simulator, leave } = await aCall();
    simulator.fault({ kind: 'hang' });
    await turns();
    permits.grant();
    await vi.waitUntil(() => simulator.calls.length > 0);
    leave();
    expect(await answer).toBe(gone);
    expect(permits).toMatchObject({ released: [false], givenBack: 0 });
    expect(settle.mock.calls).toEqual([[true]]);
  });
});
