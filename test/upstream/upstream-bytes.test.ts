import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { failure, until } from '../support/fakes.ts';
import { connect, slotted } from './upstreams.ts';

describe('the bytes of a call', () => {
  const counting = () => {
    const held = { now: 0, most: 0 };
    const hold = (bytes: number): (() => void) => {
      held.now += bytes;
      held.most = Math.max(held.most, held.now);
      return () => {
        held.now -= bytes;
      };
    };
    return { held, hold };
  };

  test('are held while it is made, and no longer', async () => {
    const { held, hold } = counting();
    const { scorer, simulator } = await connect({ hold });
    const documents = ['é'.repeat(1000)];
    await scorer.answer(slotted({ items: documents }));
    expect(held.most).toBe(Buffer.byteLength(JSON.stringify(simulator.calls[0]!.body)));
    expect(held.now).toBe(0);
  });

  test.each(['reset', 'reset-midway', 'garbage'] as const)('are let go when it ends in %s', async (kind) => {
    const { held, hold } = counting();
    const { scorer, simulator } = await connect({ hold });
    simulator.fault({ kind });
    await failure(scorer.answer(slotted()));
    expect(held.most).toBeGreaterThan(0);
    expect(held.now).toBe(0);
  });

  test('are let go when it is given up', async () => {
    const { held, hold } = counting();
    const { scorer, simulator } = await connect({ hold });
    simulator.fault({ kind: 'hang' });
    const caller = new AbortController();
    const score = failure(scorer.answer(slotted({ terms: { signal: caller.signal } })));
    await until(() => simulator.calls.length === 1);
    caller.abort(new RerankError('client_gone'));
    expect((await score).kind).toBe('client_gone');
    await until(() => held.now === 0);
  });
});

describe('connections', () => {
  test('are not more than allowed: a call waits for one', async () => {
    const { scorer, simulator } = await connect({ connections: 2, simulator: { latencyMs: [30, 30] } });
    let [open, most] = [0, 0];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const ask = slotted();
        let sent = false;
        const onSend = (): void => {
          sent = true;
          most = Math.max(most, ++open);
        };
        await scorer.answer({ ...ask, onSend });
        if (sent) open--;
      }),
    );
    expect(simulator.calls).toHaveLength(8);
    expect(most).toBeLessThanOrEqual(2);
  });

  test('and who waits for one waits no longer than its own terms allow, and has sent nothing', async () => {
    const { scorer, simulator } = await connect({ connections: 1 });
    simulator.fault({ kind: 'hang' });
    const hung = failure(scorer.answer(slotted()));
    await until(() => simulator.calls.length === 1);
    let sent = false;
    const caller = new AbortController();
    const waiting = failure(
      scorer.answer({
        ...slotted({ terms: { signal: caller.signal } }),
        onSend: () => {
          sent = true;
        },
      }),
    );
    caller.abort(new RerankError('deadline'));
    expect((await waiting).kind).toBe('deadline');
    expect(sent).toBe(false);
    await scorer.close();
    await hung;
    expect(simulator.calls).toHaveLength(1);
  });
});
