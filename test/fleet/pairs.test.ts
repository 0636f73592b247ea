import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { COHERE, KEYS } from '../support/gateway.ts';
import { expectAgreement, type PairsBed, startPairsBed } from '../support/pairs-bed.ts';

const PROCESSES = 4;

let bed: PairsBed;
let serial = 0;

beforeAll(async () => {
  bed = await startPairsBed({ processes: PROCESSES });
});
afterAll(() => bed.stop());
beforeEach(() => bed.simulator.reset());

/** A question that nobody has asked. */
const question = (): string => `QUERYTEXT number ${serial++}`;
const documents = (...names: string[]): string[] => names.map((name) => `DOCTEXT ${name}`);

describe('a fleet that shares Redis', () => {
  it('makes one call for fifty identical requests on each of four processes', async () => {
    const request = { query: question(), documents: documents('a', 'b', 'c', 'd') };
    const asks = Array.from({ length: 50 * PROCESSES }, (_, i) => bed.ask(i % PROCESSES, request));
    const answers = await Promise.all(asks);
    expectAgreement(
      answers,
      answers.map(() => request),
    );
    expect(bed.simulator.calls).toHaveLength(1);
    expect(answers.reduce((sum, { units }) => sum + units, 0)).toBe(1);
  });

  it('sends each document once for overlapping requests on all processes at once', async () => {
    const query = question();
    const names = Array.from({ length: 30 }, (_, i) => `part ${i}`);
    const requests = Array.from({ length: 24 }, (_, i) => ({
      query,
      documents: documents(...Array.from({ length: 10 }, (_, k) => names[(5 * i + k * (1 + (i % 3))) % 30]!)),
    }));
    const answers = await Promise.all(requests.map((request, i) => bed.ask(i % PROCESSES, request)));
    expectAgreement(answers, requests);
    const sent = bed.sent();
    expect([...sent.values()].filter((count) => count > 1)).toEqual([]);
    expect(sent.size).toBe(new Set(requests.flatMap((request) => request.documents)).size);
    const units = answers.reduce((sum, answer) => sum + answer.units, 0);
    expect(units).toBe(bed.simulator.calls.length);
  });

  it('answers on every process what one of them has scored', async () => {
    const request = { query: question(), documents: documents('a', 'b') };
    const answers = [await bed.ask(0, request)];
    for (let i = 1; i < PROCESSES; i++) answers.push(await bed.ask(i, request));
    expectAgreement(
      answers,
      answers.map(() => request),
    );
    expect(bed.simulator.calls).toHaveLength(1);
    for (const { cacheStatus } of answers.slice(1)) expect(cacheStatus).toContain('detail=redis');
  });

  it('forgets on every process at once what is purged on one', async () => {
    const request = { query: question(), documents: documents('a', 'b') };
    for (let i = 0; i < PROCESSES; i++) await bed.ask(i, request);
    const purged = await fetch(`${bed.gateways[1]!.url}/v1/cache?model=${COHERE}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${KEYS.search}` },
    });
    expect(purged.status).toBe(200);
    // The word is on its way to the others; a beat of theirs would take up to a second.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const answers = await Promise.all([3, 2, 0, 1].map((process) => bed.ask(process, request)));
    for (const { cacheStatus } of answers) expect(cacheStatus).not.toContain('hit');
    expect(bed.simulator.calls).toHaveLength(2);
  });
});

describe('a full window', () => {
  it('costs one call for all that is asked about one question meanwhile', async () => {
    const full = await startPairsBed({ processes: 1, limit: 5, windowMs: 1500, latencyMs: [5, 20] });
    try {
      const others = Array.from({ length: 8 }, () =>
        full.ask(0, { query: question(), documents: documents('x') }),
      );
      await new Promise((resolve) => setTimeout(resolve, 200));
      const query = question();
      const requests = Array.from({ length: 20 }, (_, i) => ({
        query,
        documents: documents(`${i} one`, `${i} two`),
      }));
      const answers = await Promise.all(requests.map((request) => full.ask(0, request)));
      expectAgreement(answers, requests);
      await Promise.all(others);
      const asked = full.simulator.calls.filter(({ body }) => (body as { query: string }).query === query);
      expect(asked).toHaveLength(1);
      expect(answers.reduce((sum, { units }) => sum + units, 0)).toBe(1);
    } finally {
      await full.stop();
    }
  });
});
