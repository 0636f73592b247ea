import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { Callers } from '../../src/http/callers.ts';

const gone = (): RerankError => new RerankError('client_gone');
const draining = (): RerankError => new RerankError('draining');

describe('the requests under way', () => {
  test('are counted from their opening to their closing', () => {
    const callers = new Callers();
    const signal = new AbortController().signal;
    const [one, two] = [callers.open(() => signal, gone), callers.open(() => signal, gone)];
    expect(callers.size).toBe(2);
    one.close();
    one.close();
    expect(callers.size).toBe(1);
    two.close();
    expect(callers.size).toBe(0);
  });

  test('end when their caller disconnects, each for itself', () => {
    const callers = new Callers();
    const connection = new AbortController();
    const lost = callers.open(() => connection.signal, gone);
    const other = callers.open(() => new AbortController().signal, gone);
    connection.abort(new Error('the server’s own words'));
    expect(lost.signal.reason).toMatchObject({ kind: 'client_gone' });
    expect(other.signal.aborted).toBe(false);
  });

  test('end at once when their caller is gone already', () => {
    const call = new Callers().open(() => AbortSignal.abort(), gone);
    expect(call.signal.reason).toMatchObject({ kind: 'client_gone' });
  });

  test('end all together when they are dismissed, but not those that are over', () => {
    const callers = new Callers();
    const calls = [1, 2, 3].map(() => callers.open(() => new AbortController().signal, gone));
    calls[1]!.close();
    callers.dismiss(draining);
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true, false, true]);
    expect(calls[0]!.signal.reason).toMatchObject({ kind: 'draining' });
  });

  test('end at once when they come after the others were dismissed', () => {
    const callers = new Callers();
    callers.dismiss(draining);
    const { signal } = callers.open(() => new AbortController().signal, gone);
    expect(signal.reason).toMatchObject({ kind: 'draining' });
  });

  test('leave no listener behind on the connection, which other requests go on using', () => {
    const callers = new Callers();
    const { signal } = new AbortController();
    for (let i = 0; i < 100; i++) callers.open(() => signal, gone).close();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
