import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CallResult, Circuit, type Reason } from '../../src/upstream/circuit.ts';
import { Suspects } from '../../src/upstream/suspects.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const circuit = () => {
  const switched: (Reason | undefined)[] = [];
  const it = new Circuit({ onSwitch: (reason) => switched.push(reason) });
  /** A call that lasts `ms` and then says `result`. */
  const call = (result: CallResult, ms = 0): void => {
    const begun = it.begin();
    vi.advanceTimersByTime(ms);
    it.end(begun, result);
  };
  return { it, call, switched };
};

/** Opened by failures, a moment ago. */
const opened = () => {
  const made = circuit();
  for (let i = 0; i < 5; i++) made.call('failed', 1000);
  expect(made.it.standing()).toBe('out');
  return made;
};

describe('a circuit opens', () => {
  test('after five failures in a row, when nothing has succeeded for three seconds', () => {
    const { it, call, switched } = circuit();
    for (let i = 0; i < 4; i++) call('failed', 1000);
    expect(it.standing()).toBe('good');
    call('failed');
    expect(it.standing()).toBe('out');
    expect(switched).toEqual(['failed']);
  });

  test('not when many calls fail at the same moment, as they do when a server restarts', () => {
    const { it } = circuit();
    const calls = Array.from({ length: 200 }, () => it.begin());
    vi.advanceTimersByTime(300);
    for (const call of calls) it.end(call, 'failed');
    expect(it.standing()).toBe('good');
  });

  test('when many calls at the same moment have got no answer for long', () => {
    const { it } = circuit();
    const calls = Array.from({ length: 5 }, () => it.begin());
    vi.advanceTimersByTime(15_000);
    for (const call of calls) it.end(call, 'failed');
    expect(it.standing()).toBe('out');
  });

  test('not when one in five succeeds', () => {
    const { it, call } = circuit();
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 4; j++) call('failed', 1000);
      call('ok');
    }
    expect(it.standing()).toBe('good');
  });

  test('not by calls that say nothing, however many', () => {
    const { it, call } = circuit();
    for (let i = 0; i < 100; i++) call('nothing', 1000);
    expect(it.standing()).toBe('good');
  });

  test('at the first refusal, but may still be asked when there is nobody else', () => {
    const { it, call, switched } = circuit();
    call('ok');
    call('refused');
    expect(it.standing()).toBe('refused');
    expect(switched).toEqual(['refused']);
  });
});

describe('an open circuit', () => {
  test('is tried after a second, by one call only, and closes when that succeeds', () => {
    const { it, switched } = opened();
    expect(it.retryInMs()).toBe(1000);
    vi.advanceTimersByTime(999);
    expect(it.standing()).toBe('out');
    vi.advanceTimersByTime(1);
    expect(it.standing()).toBe('trial');
    const trial = it.begin();
    expect(it.standing()).toBe('out');
    it.end(trial, 'ok');
    expect(it.standing()).toBe('good');
    expect(switched).toEqual(['failed', undefined]);
  });

  test('is left alone for twice as long after each trial that fails, up to ten seconds', () => {
    const { it, call, switched } = opened();
    const pauses: number[] = [];
    for (let i = 0; i < 6; i++) {
      pauses.push(it.retryInMs());
      vi.advanceTimersByTime(it.retryInMs());
      call('failed');
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
    expect(switched).toEqual(['failed']);
  });

  test('is tried by the next call when nobody waited for the end of the trial', () => {
    const { it, call } = opened();
    vi.advanceTimersByTime(1000);
    call('nothing', 500);
    expect(it.standing()).toBe('trial');
  });

  test('does not heed calls from before it opened', () => {
    const { it, call } = circuit();
    const [early, late] = [it.begin(), it.begin()];
    for (let i = 0; i < 5; i++) call('failed', 1000);
    it.end(early, 'ok');
    expect(it.standing()).toBe('out');
    vi.advanceTimersByTime(1000);
    const trial = it.begin();
    it.end(late, 'failed');
    expect(it.retryInMs()).toBe(0);
    it.end(trial, 'ok');
    expect(it.standing()).toBe('good');
  });

  test('that was refused is left alone for up to a minute, and closes at any success', () => {
    const { it, call } = circuit();
    call('refused');
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      pauses.push(it.retryInMs());
      vi.advanceTimersByTime(it.retryInMs());
      call('refused');
    }
    expect(pauses.slice(0, 3)).toEqual([1000, 2000, 4000]);
    expect(pauses.at(-1)).toBe(60_000);
    expect(it.standing()).toBe('refused');
    call('ok');
    expect(it.standing()).toBe('good');
  });

  test('begins anew when it has been closed: with a second, and after five failures', () => {
    const { it, call } = opened();
    for (let i = 0; i < 3; i++) {
      vi.advanceTimersByTime(it.retryInMs());
      call('failed');
    }
    vi.advanceTimersByTime(it.retryInMs());
    call('ok');
    for (let i = 0; i < 4; i++) call('failed', 1000);
    expect(it.standing()).toBe('good');
    call('failed', 1000);
    expect(it.retryInMs()).toBe(1000);
  });
});

describe('what one caller asks', () => {
  /** A call of a client, about something, that lasts a second. */
  const calls = () => {
    const { it, switched } = circuit();
    const call = (client: string, content: string, result: CallResult, ms = 1000): void => {
      const begun = it.begin({ client, content });
      vi.advanceTimersByTime(ms);
      it.end(begun, result);
    };
    const standing = (client: string, content: string) => it.standing({ client, content });
    return { it, switched, call, standing };
  };

  test('and what fails each time is left alone by itself; whatever else is asked is not', () => {
    const { it, switched, call, standing } = calls();
    for (let i = 0; i < 20; i++) call('a', 'poison', 'failed');
    expect(switched).toEqual([]);
    expect(standing('a', 'other')).toBe('good');
    expect(it.barredMs({ client: 'a', content: 'other' })).toBe(0);
    expect(it.barredMs({ client: 'a', content: 'poison' })).toBe(10_000);
  });

  test.each([2, 20])('%i of which fail each time, does not shut others out', (count) => {
    const { switched, call, standing } = calls();
    for (let i = 0; i < 20 * count; i++) call('a', `poison ${i % count}`, 'failed');
    expect(standing('b', 'other')).toBe('good');
    call('b', 'other', 'ok');
    expect(standing('a', 'new')).toBe('good');
    // It may have been kept away meanwhile: the other's success has ended that.
    expect(switched).toEqual(count === 2 ? [] : ['failed', undefined]);
  });

  test('is left alone for one second after five failures, then for twice as long each time', () => {
    const { it, call } = calls();
    const barred: number[] = [];
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(it.barredMs({ client: 'a', content: 'poison' }));
      call('a', 'poison', 'failed');
      barred.push(it.barredMs({ client: 'a', content: 'poison' }));
    }
    expect(barred).toEqual([0, 0, 0, 0, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  test('is asked again by one at a time, and is as good as any when it succeeds', () => {
    const { it, call } = calls();
    for (let i = 0; i < 5; i++) call('a', 'poison', 'failed');
    vi.advanceTimersByTime(1000);
    const poison = { client: 'a', content: 'poison' };
    expect(it.barredMs(poison)).toBe(0);
    const begun = it.begin(poison);
    expect(it.barredMs(poison)).toBeGreaterThan(0);
    it.end(begun, 'ok');
    expect(it.barredMs(poison)).toBe(0);
  });

  test('counts against the upstream once: not after it has failed before and after others did well', () => {
    const { switched, call } = calls();
    for (const poison of ['one', 'two', 'three', 'four']) call('a', poison, 'failed');
    call('b', 'other', 'ok');
    for (let i = 0; i < 40; i++) call('a', ['one', 'two', 'three', 'four'][i % 4]!, 'failed');
    expect(switched).toEqual([]);
  });
});

describe('an upstream that is down', () => {
  const down = () => {
    const { it, switched } = circuit();
    let asked = 0;
    const fail = (client: string, content = `new ${asked++}`): void => {
      const begun = it.begin({ client, content });
      vi.advanceTimersByTime(1000);
      it.end(begun, 'failed');
    };
    return { it, switched, fail };
  };

  test('is left alone by a client after five failures of three calls, and by all after those of two clients', () => {
    const { it, fail, switched } = down();
    for (let i = 0; i < 5; i++) fail('a', `question ${i % 3}`);
    expect(it.standing({ client: 'a', content: 'new' })).toBe('out');
    expect(it.standing({ client: 'b', content: 'new' })).toBe('good');
    // To whoever asks about the upstream, it is open.
    expect(it.standing()).toBe('out');
    for (let i = 0; i < 5; i++) fail('b');
    expect(it.standing({ client: 'c', content: 'new' })).not.toBe('good');
    expect(switched).toEqual(['failed']);
  });

  test('is tried with what has not failed, and with what has only later, which then holds up nobody', () => {
    const { it, fail } = down();
    for (let i = 0; i < 5; i++) fail('a', `question ${i}`);
    const [old, fresh] = ['question 1', 'new'].map((content) => ({ client: 'a', content }));
    vi.advanceTimersByTime(1000);
    expect([it.standing(old), it.standing(fresh)]).toEqual(['out', 'trial']);
    vi.advanceTimersByTime(1000);
    expect([it.standing(old), it.standing(fresh)]).toEqual(['trial', 'trial']);
    const again = it.begin(old);
    expect([it.standing(old), it.standing(fresh)]).toEqual(['out', 'trial']);
    it.end(again, 'failed');
    expect([it.standing(old), it.standing(fresh)]).toEqual(['out', 'trial']);
    it.end(it.begin(fresh), 'ok');
    expect([it.standing(old), it.standing(fresh)]).toEqual(['good', 'good']);
  });

  test('is tried with what has failed, too, by one at a time, when nothing else is asked', () => {
    const { it } = circuit();
    const caller = (i: number) => ({ client: 'a', content: `question ${i % 3}` });
    for (let i = 0; i < 5; i++) {
      const begun = it.begin(caller(i));
      vi.advanceTimersByTime(1000);
      it.end(begun, 'failed');
    }
    const pauses: number[] = [];
    for (let i = 0; i < 5; i++) {
      pauses.push(it.retryInMs(caller(i)));
      vi.advanceTimersByTime(it.retryInMs(caller(i)));
      const begun = it.begin(caller(i));
      expect([0, 1, 2].map((other) => it.standing(caller(other)))).toEqual(['out', 'out', 'out']);
      it.end(begun, 'failed');
    }
    expect(pauses).toEqual([2000, 4000, 8000, 10_000, 10_000]);
  });

  test('is not believed to be well because of an answer to a call from before', () => {
    const { it, fail } = down();
    const early = it.begin({ client: 'b', content: 'early' });
    for (let i = 0; i < 5; i++) fail('a');
    it.end(early, 'ok');
    expect(it.standing({ client: 'a', content: 'new' })).toBe('out');
  });
});

test('whatever one client asks, and however it fails, another is never kept away', () => {
  const step = fc.record({
    content: fc.nat({ max: 20 }),
    result: fc.constantFrom<CallResult>('failed', 'failed', 'failed', 'nothing', 'alive', 'ok'),
    ms: fc.nat({ max: 3000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { it } = circuit();
      for (const { content, result, ms } of steps) {
        const caller = { client: 'a', content: `content ${content}` };
        const standing = it.standing(caller);
        expect(it.standing({ client: 'b', content: 'new' })).toBe('good');
        // As a pacer does: who is kept away makes no call.
        if (standing === 'out' || it.barredMs(caller) > 0) {
          vi.advanceTimersByTime(ms);
          continue;
        }
        const begun = it.begin(caller);
        vi.advanceTimersByTime(ms);
        it.end(begun, result);
      }
    }),
    { numRuns: 200 },
  );
});

test('what has failed is remembered up to a bound, and not for ever', () => {
  const suspects = new Suspects(() => 1000);
  for (let i = 0; i < 5000; i++) suspects.failed(`content ${i}`, 0, i);
  expect(suspects.size).toBe(1000);
  expect([suspects.since('content 4999', 5000), suspects.since('content 10', 5000)]).toEqual([0, undefined]);
  expect(suspects.since('content 4999', 3_600_000)).toBeUndefined();
});

test('whatever calls say, and in whatever order they end, whoever listens hears of every change', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ begin: fc.constant(true) }),
      fc.record({
        end: fc.nat({ max: 9 }),
        result: fc.constantFrom<CallResult>('ok', 'failed', 'failed', 'failed', 'refused', 'nothing'),
      }),
      fc.record({ pass: fc.integer({ min: 1, max: 4000 }) }),
    ),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (script) => {
      const it = new Circuit();
      let heard = it.standing();
      it.listen(() => {
        heard = it.standing();
      });
      let trials = 0;
      const calls: { call: ReturnType<Circuit['begin']>; trial: boolean }[] = [];
      for (const step of script) {
        if ('begin' in step) {
          const trial = it.standing() === 'trial';
          if (trial) trials++;
          calls.push({ call: it.begin(), trial });
        } else if ('pass' in step) {
          vi.advanceTimersByTime(step.pass);
        } else {
          const [ended] = calls.splice(step.end % Math.max(1, calls.length), 1);
          if (ended?.trial) trials--;
          if (ended) it.end(ended.call, step.result);
        }
        expect(heard).toBe(it.standing());
        if (it.standing() === 'trial') expect(trials).toBe(0);
      }
    }),
    { numRuns: 300 },
  );
});
