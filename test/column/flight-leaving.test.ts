import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { aCall, failure, isSettled, turns, valuesOf } from '../support/fakes.ts';
import { flights } from './flights.ts';

const on = flights();

describe('a caller that leaves', () => {
  test('is told so at once, whatever becomes of the call', async () => {
    const [one] = [on.caller(), on.caller()];
    one.leave();
    expect((await failure(one.answer)).kind).toBe('client_gone');
  });

  test('takes nothing from those who stay, not even when the call was made for it', async () => {
    const [leader, ...followers] = [on.caller(), on.caller(), on.caller()];
    leader!.leave();
    await turns();
    expect(on.termsOfCall().signal.aborted).toBe(false);
    on.calls[0]!.answer();
    for (const { answer } of followers) expect((await answer).values).toEqual(valuesOf(aCall()));
  });

  test('ends the call when it is the last', async () => {
    const callers = [on.caller(), on.caller()];
    callers[1]!.leave();
    expect(on.termsOfCall().signal.aborted).toBe(false);
    callers[0]!.leave();
    expect(on.termsOfCall().signal.aborted).toBe(true);
    expect(on.termsOfCall().signal.reason).toMatchObject({ kind: 'client_gone' });
  });

  test('leaves the way free for a newcomer, who gets a call of its own', async () => {
    const gone = on.caller();
    gone.leave();
    const newcomer = on.caller();
    expect(on.calls).toHaveLength(2);

    // What the ended call still says is nobody's answer.
    on.calls[0]!.fail(new RerankError('client_gone'));
    expect(await isSettled(newcomer.answer)).toBe(false);
    on.caller();
    expect(on.calls).toHaveLength(2);

    on.calls[1]!.answer();
    expect((await newcomer.answer).values).toEqual(valuesOf(aCall()));
  });

  test('before it has asked is told so, and starts nothing that others could join', async () => {
    const signal = AbortSignal.abort(new RerankError('client_gone'));
    expect((await failure(on.caller(1000, { signal }).answer)).kind).toBe('client_gone');
    const next = on.caller();
    on.calls.at(-1)!.answer();
    expect((await next.answer).values).toEqual(valuesOf(aCall()));
  });
});
