import { describe, expect, it } from 'vitest';
import { ArrivalRates } from '../../../src/pacing/queue/arrival-rates.ts';

const PERIOD_MS = 1000;

describe('the rate at which a client brings calls', () => {
  it('is that of a client that goes on as it did, whatever else others bring', () => {
    const rates = new ArrivalRates(() => PERIOD_MS);
    for (let at = 20; at <= 2000; at += 20) {
      rates.note('search', at);
      if (at % 200 === 0) rates.note('chatbot', at);
    }
    expect([45, 50, 55]).toContain(5 * Math.round(rates.within('search', PERIOD_MS, 2000) / 5));
    expect(rates.within('chatbot', PERIOD_MS, 2000)).toBeGreaterThan(3);
    expect(rates.within('chatbot', PERIOD_MS, 2000)).toBeLessThan(9);
    expect(rates.within('search', PERIOD_MS / 2, 2000)).toBeCloseTo(
      rates.within('search', PERIOD_MS, 2000) / 2,
    );
  });

  it('follows what the client does now within part of a period', () => {
    const rates = new ArrivalRates(() => PERIOD_MS);
    for (let at = 0; at <= 1000; at += 50) rates.note('search', at);
    for (let at = 1000; at <= 1500; at += 10) rates.note('search', at);
    expect(rates.within('search', PERIOD_MS, 1500)).toBeGreaterThan(80);
    expect(rates.within('search', PERIOD_MS, 2500)).toBeLessThan(1);
  });

  it('is none of a client that has brought nothing for long, of which nothing is kept', () => {
    const rates = new ArrivalRates(() => PERIOD_MS);
    rates.note('search', 0);
    expect([...rates.clients(100)]).toEqual(['search']);
    expect([...rates.clients(2 * PERIOD_MS)]).toEqual([]);
    expect(rates.within('search', PERIOD_MS, 2 * PERIOD_MS)).toBe(0);
  });
});
