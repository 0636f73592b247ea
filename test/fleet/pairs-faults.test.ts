import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/fakes.ts';
import { expectAgreement, type PairsBed, startPairsBed } from '../support/pairs-bed.ts';

const REQUEST = { query: 'QUERYTEXT of a fault', documents: ['DOCTEXT one', 'DOCTEXT two', 'DOCTEXT three'] };

let bed: PairsBed;

beforeEach(async () => {
  bed = await startPairsBed({ processes: 3 });
  // A window that remembers nothing makes one call and waits for what it says: here, the one that hangs.
  await bed.ask(0, { query: 'QUERYTEXT of before', documents: ['DOCTEXT'] });
  bed.simulator.reset();
});
afterEach(() => bed.stop());

/** The first process makes a call that lasts, and the others wait for it. */
const waitForTheFirst = async (wait = 10) => {
  bed.simulator.fault({ kind: 'hang' });
  const first = bed.ask(0, REQUEST).catch(() => undefined);
  await until(() => bed.simulator.calls.length === 1);
  const headers = { prefer: `wait=${wait}` };
  const others = [1, 2, 1, 2].map((process) => bed.ask(process, { ...REQUEST, headers }));
  // They have read Redis, and wait for the claim that they have found there.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(bed.simulator.calls).toHaveLength(1);
  return { first, others };
};

describe('whoever waits for another process', () => {
  it('is answered in time when that is killed, for one call more', async () => {
    const { first, others } = await waitForTheFirst();
    const killedAt = performance.now();
    await bed.gateways[0]!.kill();
    const answers = await Promise.all(others);
    // Silence of a second at most, and the call.
    expect(performance.now() - killedAt).toBeLessThan(5000);
    expectAgreement(
      answers,
      answers.map(() => REQUEST),
    );
    expect(bed.simulator.calls).toHaveLength(2);
    await first;
  });

  it('is answered when Redis is killed meanwhile', async () => {
    const { first, others } = await waitForTheFirst();
    await bed.redis.kill();
    const answers = await Promise.all(others);
    expectAgreement(
      answers,
      answers.map(() => REQUEST),
    );
    // Each process does its best.
    expect(bed.simulator.calls.length).toBeLessThanOrEqual(3);
    await bed.gateways[0]!.kill();
    await first;
  });

  it('is answered when the other gives up, for one call more', async () => {
    bed.simulator.fault({ kind: 'hang' });
    const leaving = bed.ask(0, { ...REQUEST, headers: { prefer: 'wait=1' } });
    await until(() => bed.simulator.calls.length === 1);
    const answer = await bed.ask(1, REQUEST);
    expectAgreement([answer], [REQUEST]);
    expect((await leaving).status).toBe(504);
    expect(bed.simulator.calls).toHaveLength(2);
  });
});
