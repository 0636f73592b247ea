import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arrivals } from '../../../src/pacing/queue/arrivals.ts';

const PERIOD_MS = 1000;

describe('arrivals', () => {
  it('are counted by client, for one period', () => {
    const arrivals = new Arrivals(() => PERIOD_MS);
    arrivals.note('search', 0);
    for (let at = 20; at <= 1000; at += 20) {
      arrivals.note('search', at);
      if (at === 400) arrivals.note('chatbot', at);
    }
    expect(arrivals.perPeriod('search', 1000)).toBe(50);
    expect([...arrivals.clients(1399)]).toEqual(['search', 'chatbot']);
    expect(arrivals.perPeriod('search', 1400)).toBe(30);
    expect([...arrivals.clients(1400)]).toEqual(['search']);
    expect(arrivals.perPeriod('chatbot', 1400)).toBe(0);
    expect([...arrivals.clients(2000)]).toEqual([]);
  });

  it('are what a period will bring, of a client that has begun within the last one', () => {
    const arrivals = new Arrivals(() => PERIOD_MS);
    for (let at = 0; at <= 200; at += 20) arrivals.note('search', at);
    expect(arrivals.perPeriod('search', 200)).toBe(50);
    // One call, and all of a burst, may have come in a moment, and tell little of how many follow.
    arrivals.note('chatbot', 200);
    expect(arrivals.perPeriod('chatbot', 201)).toBe(1);
    for (let i = 0; i < 40; i++) arrivals.note('evaluation', 300);
    expect(arrivals.perPeriod('evaluation', 300)).toBeLessThanOrEqual(8 * 40);
  });

  it('are no fewer than came within the last period, however often one looks', () => {
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
          const names = new Set(arrivals.clients(now));
          for (const name of ['search', 'chatbot']) {
            const recent = came.filter(({ client, at }) => client === name && at > now - PERIOD_MS);
            expect(names.has(name)).toBe(recent.length > 0);
            expect(arrivals.perPeriod(name, now)).toBeGreaterThanOrEqual(recent.length);
            expect(arrivals.perPeriod(name, now)).toBeLessThanOrEqual(8 * recent.length);
          }
        }
      }),
    );
  });
});
