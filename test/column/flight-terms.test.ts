import { describe, expect, test, vi } from 'vitest';
import { failure, isSettled } from '../support/fakes.ts';
import { flights } from './flights.ts';

const on = flights();

describe('a deadline', () => {
  test('ends the wait of the one it belongs to, and of nobody else', async () => {
    const [short, long] = [on.caller(1000), on.caller(2000)];
    await vi.advanceTimersByTimeAsync(1001);
    expect((await failure(short.answer)).kind).toBe('deadline');
    expect(await isSettled(long.answer)).toBe(false);
    expect(on.termsOfCall().signal.aborted).toBe(false);
    on.calls[0]!.answer();
    await long.answer;
  });

  test('ends the call when it is the last', async () => {
    const callers = [on.caller(1000), on.caller(2000)];
    await vi.advanceTimersByTimeAsync(2001);
    for (const { answer } of callers) expect((await failure(answer)).kind).toBe('deadline');
    expect(on.termsOfCall().signal.reason).toMatchObject({ kind: 'deadline' });
  });

  test('that is past already does not take the call from others', async () => {
    const [late, patient] = [on.caller(-5), on.caller(1000)];
    await vi.advanceTimersByTimeAsync(1);
    expect((await failure(late.answer)).kind).toBe('deadline');
    on.calls[0]!.answer();
    await patient.answer;
  });
});

describe('the call’s own terms', () => {
  test('are those of all who wait now: the most urgent, and the latest deadline', () => {
    const early = on.caller(1000, { urgency: 5 });
    expect(on.termsOfCall()).toMatchObject({ urgency: 5, deadline: performance.now() + 1000 });
    const urgent = on.caller(500, { urgency: 1 });
    const late = on.caller(9000, { urgency: 7 });
    expect(on.termsOfCall()).toMatchObject({ urgency: 1, deadline: performance.now() + 9000 });
    urgent.leave();
    expect(on.termsOfCall().urgency).toBe(5);
    late.leave();
    expect(on.termsOfCall().deadline).toBe(performance.now() + 1000);
    early.leave();
  });

  test('name the client that made it', () => {
    on.caller(1000, { client: 'search' });
    on.caller(1000, { client: 'chatbot' });
    expect(on.termsOfCall().client).toBe('search');
  });
});
