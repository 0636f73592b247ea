import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AppointmentStore, Appointments } from '../../../src/pacing/queue/appointments.ts';

const total = (appointments: Appointments, now: number): number =>
  [...appointments.clients(now)]
    .flatMap((client) => appointments.expected(client, now))
    .reduce((sum, { calls }) => sum + calls, 0);

describe('an appointment', () => {
  test('is kept from its time on, until some time after, and once', async () => {
    const appointments = new Appointments({ most: 10 });
    appointments.make('search', 'q', 0, 5000);
    expect(await appointments.keep('search', 'q', 4000)).toBe(1000);
    expect(await appointments.keep('search', 'q', 5000)).toBe('due');
    expect(await appointments.keep('search', 'q', 5001)).toBeUndefined();
  });

  test('belongs to one client and one question', async () => {
    const appointments = new Appointments({ most: 10 });
    appointments.make('search', 'q', 0, 1000);
    expect(await appointments.keep('chatbot', 'q', 2000)).toBeUndefined();
    expect(await appointments.keep('search', 'other', 2000)).toBeUndefined();
  });

  test('holds for as long as a Retry-After may take: a fifth more, whole seconds, and a slow client', async () => {
    const appointments = new Appointments({ most: 10 });
    appointments.make('search', 'q', 0, 9500);
    expect(await appointments.keep('search', 'q', 12_000 + 1000)).toBe('due');
  });

  test('is not made for what Retry-After can not say', async () => {
    const appointments = new Appointments({ most: 10 });
    appointments.make('search', 'q', 0, 55_000);
    expect(total(appointments, 0)).toBe(0);
  });

  test('is made once, however often its caller asks again', () => {
    const appointments = new Appointments({ most: 10 });
    for (let i = 0; i < 5; i++) appointments.make('search', 'q', i, 5000);
    expect(total(appointments, 5)).toBe(1);
  });

  test('counts less and less once its time has come, and not at all in the end', () => {
    const appointments = new Appointments({ most: 10 });
    appointments.make('search', 'q', 0, 5000);
    const counts = [0, 5000, 6500, 7900, 8000].map((now) => total(appointments, now));
    expect(counts[0]).toBe(1);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(counts.at(-1)).toBe(0);
  });

  test('tells when its caller comes, those of one second together', () => {
    const appointments = new Appointments({ most: 100 });
    appointments.make('search', 'q1', 0, 4600);
    appointments.make('search', 'q2', 0, 1000);
    appointments.make('search', 'q3', 0, 4700);
    const coming = [
      { inMs: 1000, calls: 1 },
      { inMs: 5000, calls: 2 },
    ];
    expect([...appointments.clients(0)]).toEqual(['search']);
    expect(appointments.expected('search', 0)).toEqual(coming);
    expect([999, 1000, 4999, 5000].map((ms) => appointments.expectedBy('search', ms, 0))).toEqual([
      0, 1, 1, 3,
    ]);
  });

  test('made elsewhere is asked for where all are kept', async () => {
    const taken: string[] = [];
    const store: AppointmentStore = {
      put: () => {},
      drop: () => {},
      take: async (key) => {
        taken.push(key);
        return 'due';
      },
    };
    const appointments = new Appointments({ most: 10, store });
    expect(await appointments.keep('search', 'q', 0)).toBe('due');
    expect(taken).toEqual(['search:q']);
  });
});

test('a client for which nobody has made an appointment costs no look at the store', async () => {
  let [looks, made] = [0, false];
  const store: AppointmentStore = {
    put: () => {},
    drop: () => {},
    take: async () => {
      looks++;
      return undefined;
    },
  };
  const appointments = new Appointments({ most: 10, store, madeElsewhere: () => made });
  // There may be some from before this process.
  await appointments.keep('search', 'q', 0);
  expect(looks).toBe(1);
  for (let i = 0; i < 100; i++) await appointments.keep('search', `q${i}`, 70_000);
  expect(looks).toBe(1);
  made = true;
  await appointments.keep('search', 'q', 71_000);
  made = false;
  // Whoever has made it may be gone, and it holds.
  await appointments.keep('search', 'q', 120_000);
  expect(looks).toBe(3);
  await appointments.keep('search', 'q', 200_000);
  expect(looks).toBe(3);
});

describe('a service that is refused all the time', () => {
  test('has a part of the appointments, and leaves others theirs', async () => {
    const appointments = new Appointments({ most: 1000 });
    for (let i = 0; i < 2000; i++) appointments.make('evaluation', `q${i}`, 0, 20_000);
    appointments.make('search', 'q', 0, 20_000);
    expect(appointments.expectedBy('evaluation', 60_000, 0)).toBe(250);
    expect(await appointments.keep('search', 'q', 20_000)).toBe('due');
    // What it has kept, or has not, is free for its next.
    expect(await appointments.keep('evaluation', 'q0', 20_000)).toBe('due');
    appointments.make('evaluation', 'next', 20_000, 20_000);
    expect(await appointments.keep('evaluation', 'next', 40_000)).toBe('due');
  });

  test('has one even where hardly any may be made', async () => {
    const appointments = new Appointments({ most: 1 });
    appointments.make('search', 'q', 0, 1000);
    expect(await appointments.keep('search', 'q', 1000)).toBe('due');
  });
});

describe('callers that never come back', () => {
  test('are hardly counted any more after a while', () => {
    const appointments = new Appointments({ most: 1000 });
    for (let i = 0; i < 100; i++) {
      appointments.make('search', `q${i}`, i * 100, 1000);
      appointments.clients(i * 100);
    }
    const [outstanding, counted] = [40, total(appointments, 9900)];
    expect(counted).toBeLessThan(outstanding / 4);
  });
});

test('there are never more appointments than may be, whatever happens', async () => {
  const event = fc.record({
    after: fc.nat(3000),
    client: fc.constantFrom('a', 'b'),
    question: fc.nat(20),
    waitMs: fc.nat(60_000),
    keeps: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 100 }), async (events) => {
      const appointments = new Appointments({ most: 7 });
      let now = 0;
      for (const { after, client, question, waitMs, keeps } of events) {
        now += after;
        if (keeps) await appointments.keep(client, String(question), now);
        else appointments.make(client, String(question), now, waitMs);
        expect(total(appointments, now)).toBeLessThanOrEqual(7);
      }
      expect(total(appointments, now + 120_000)).toBe(0);
    }),
  );
});
