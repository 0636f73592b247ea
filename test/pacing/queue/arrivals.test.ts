import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arrivals } from '../../../src/pacing/queue/arrivals.ts';

const PERIOD_MS = 1000;

describe('arrivals', () => {
  it('are counted by client, for one period', () => {
    const arrivals = new Arrivals(() => PERIOD_MS);
    arrivals.note('search', 0);
    arrivals.note('search', 400);
    arrivals.note('chatbot', 400);
    expect([...arrivals.count(999)]).toEqual([
      ['search', 2],
      ['chatbot', 1],
    ]);
    expect([...arrivals.count(1000)]).toEqual([
      ['search', 1],
      ['chatbot', 1],
    ]);
    expect([...arrivals.count(1400)]).toEqual([]);
  });

  it('are as many as came within the last period, however often one looks', () => {
    const step = fc.record({
      after: fc.nat(700),
      client: fc.constantFrom('search', 'chatbot'),
      look: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const arrivals = new Arrivals(() => PERIOD_MS);
        const came: { client: string; at: number }[] = [];
        let now = 0;
        for (const { after, client, look } of steps) {
          now += after;
          arrivals.note(client, now);
          came.push({ client, at: now });
          if (!look) continue;
          const counts = arrivals.count(now);
          for (const name of ['search', 'chatbot']) {
            const recent = came.filter(({ client, at }) => client === name && at > now - PERIOD_MS);
            expect(counts.get(name) ?? 0).toBe(recent.length);
          }
        }
      }),
    );
  });
});
