import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ReservationChannel, Reservations } from '../../../src/pacing/queue/reservations.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const dueBy = (reservations: Reservations, at: number): number =>
  [...reservations.clients(at)].reduce((sum, client) => sum + reservations.dueBy(client, at), 0);

/** All that come, at a moment. */
const total = (reservations: Reservations, now: number): number => {
  void reservations.clients(now);
  return [...reservations.clients(now)].reduce((sum, client) => sum + reservations.dueBy(client, 1e9), 0);
};

describe('a reservation', () => {
  test('is taken up from its time on, until some time after, and once', () => {
    const reservations = new Reservations({ most: 10 });
    reservations.make('search', 'q', 0, 5000);
    expect(reservations.take('search', 'q', 3000)).toBe(2000);
    expect(reservations.take('search', 'q', 5000)).toBe('due');
    expect(reservations.take('search', 'q', 5001)).toBeUndefined();
    reservations.make('search', 'q', 6000, 1000);
    expect(reservations.take('search', 'q', 6000 + 2000 + 2000)).toBeUndefined();
  });

  test('is not sent away for a moment, by which another process has heard of it later', () => {
    const reservations = new Reservations({ most: 10 });
    reservations.make('search', 'q', 0, 5000);
    expect(reservations.take('search', 'q', 4500)).toBe('due');
  });

  test('belongs to one client and one question', () => {
    const reservations = new Reservations({ most: 10 });
    reservations.make('search', 'q', 0, 1000);
    expect(reservations.take('chatbot', 'q', 2000)).toBeUndefined();
    expect(reservations.take('search', 'other', 2000)).toBeUndefined();
  });

  test('holds for as long as a Retry-After may take: a fifth more, whole seconds, and a slow client', () => {
    const reservations = new Reservations({ most: 10 });
    reservations.make('search', 'q', 0, 9500);
    expect(reservations.take('search', 'q', 12_000 + 1000)).toBe('due');
  });

  test('is not made for what Retry-After can not say', () => {
    const reservations = new Reservations({ most: 10 });
    reservations.make('search', 'q', 0, 55_000);
    expect(total(reservations, 0)).toBe(0);
  });

  test('is made once, however often its caller asks again', () => {
    const reservations = new Reservations({ most: 10 });
    for (let i = 0; i < 5; i++) reservations.make('search', 'q', i, 5000);
    expect(total(reservations, 5)).toBe(1);
  });

  test('is expected from its time on, and not at all in the end', () => {
    const reservations = new Reservations({ most: 100 });
    reservations.make('search', 'q1', 0, 4600);
    reservations.make('search', 'q2', 0, 1000);
    reservations.make('search', 'q3', 0, 4700);
    expect([...reservations.clients(0)]).toEqual(['search']);
    expect([999, 1000, 4650, 4700].map((at) => reservations.dueBy('search', at))).toEqual([0, 1, 2, 3]);
    expect(dueBy(reservations, 20_000)).toBe(0);
    expect([...reservations.clients(20_000)]).toEqual([]);
  });
});

/** Processes that hear one another, each itself, too. */
const fleet = (processes: number) => {
  const listeners: ((message: string) => void)[] = [];
  const said: string[] = [];
  const channel: ReservationChannel = {
    publish(message) {
      said.push(message);
      for (const tell of listeners) tell(message);
    },
    subscribe: (listener) => listeners.push(listener),
  };
  return {
    all: Array.from({ length: processes }, () => new Reservations({ most: 10, channel })),
    channel,
    said,
  };
};

describe('processes that share reservations', () => {
  test('count those of one another, and take them up, once', () => {
    const [one, two, three] = fleet(3).all;
    vi.advanceTimersByTime(1000);
    one!.make('search', 'q', 1000, 5000);
    for (const process of [one!, two!, three!]) expect(process.dueBy('search', 6000)).toBe(1);
    expect(two!.take('search', 'q', 3000)).toBe(3000);
    expect(two!.take('search', 'q', 6000)).toBe('due');
    for (const process of [one!, two!, three!]) {
      expect(process.take('search', 'q', 6000)).toBeUndefined();
      expect(process.dueBy('search', 6000)).toBe(0);
    }
  });

  test('know the calls that belong to nobody', () => {
    const [one, two] = fleet(2).all;
    one!.make('', 'q', 0, 1000);
    expect(two!.take('', 'q', 1000)).toBe('due');
  });

  test('say nothing of what is not made', () => {
    const { all, said } = fleet(1);
    all[0]!.make('search', 'q', 0, 55_000);
    expect(all[0]!.take('search', 'q', 60_000)).toBeUndefined();
    expect(said).toEqual([]);
  });

  test('take nothing for one that is none, and no more than may be', () => {
    const { all, channel } = fleet(1);
    const words = [
      '',
      ' ',
      'x',
      'search q',
      'search q soon',
      'search q -1',
      'search q 1e3',
      'search q 99999',
      'se arch q 1',
      'search q 1 1',
      `search ${'q'.repeat(100)} 1`,
      'search q NaN',
      'search nobody taken',
    ];
    for (const word of words) channel.publish(word);
    expect(total(all[0]!, 0)).toBe(0);
    for (let i = 0; i < 100; i++) channel.publish(`client-${i} q 1000`);
    expect(total(all[0]!, 0)).toBe(10);
  });
});

describe('a service that is refused all the time', () => {
  test('has a part of the reservations, and leaves others theirs', () => {
    const reservations = new Reservations({ most: 1000 });
    for (let i = 0; i < 2000; i++) reservations.make('evaluation', `q${i}`, 0, 20_000);
    reservations.make('search', 'q', 0, 20_000);
    expect(reservations.dueBy('evaluation', 60_000)).toBe(250);
    expect(reservations.take('search', 'q', 20_000)).toBe('due');
    // What was taken up is free for its next.
    expect(reservations.take('evaluation', 'q0', 20_000)).toBe('due');
    reservations.make('evaluation', 'next', 20_000, 20_000);
    expect(reservations.take('evaluation', 'next', 40_000)).toBe('due');
  });

  test('has one even where hardly any may be made', () => {
    const reservations = new Reservations({ most: 1 });
    reservations.make('search', 'q', 0, 1000);
    expect(reservations.take('search', 'q', 1000)).toBe('due');
  });
});

describe('callers that never come back', () => {
  test('are hardly counted any more after a while', () => {
    const reservations = new Reservations({ most: 1000 });
    for (let i = 0; i < 100; i++) reservations.make('search', `q${i}`, i * 100, 1000);
    const outstanding = 40;
    expect(total(reservations, 9900)).toBeLessThan(outstanding / 4);
  });
});

test('there are never more reservations than may be, whatever happens', () => {
  const event = fc.record({
    after: fc.nat(3000),
    client: fc.constantFrom('a', 'b'),
    question: fc.nat(20),
    waitMs: fc.nat(60_000),
    returns: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 100 }), (events) => {
      const reservations = new Reservations({ most: 7 });
      let now = 0;
      for (const { after, client, question, waitMs, returns } of events) {
        now += after;
        if (returns) reservations.take(client, String(question), now);
        else reservations.make(client, String(question), now, waitMs);
        expect(total(reservations, now)).toBeLessThanOrEqual(7);
      }
      expect(total(reservations, now + 120_000)).toBe(0);
    }),
  );
});
