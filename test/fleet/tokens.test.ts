import { describe, expect, it } from 'vitest';
import { tokensOf } from '../../src/simulator/embeddings/answer.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { inputsOf } from '../e2e/embedding.ts';
import { type FleetBed, startFleetBed, throttled } from '../support/fleet-bed.ts';
import { EMBED, KEYS, UPSTREAM_KEY } from '../support/gateway.ts';
import { mostInAnyWindow } from '../support/sliding.ts';

const LIMIT = 200;
const TOKEN_LIMIT = 10_000;
const WINDOW_MS = 3000;
const WINDOWS = 3;
const CALLERS = 40;

const start = (processes: number, simulator: object = {}): Promise<FleetBed> =>
  startFleetBed({
    processes,
    limit: LIMIT,
    windowMs: WINDOW_MS,
    latencyMs: [5, 100],
    simulator: { limits: { [EMBED]: LIMIT }, tokenLimits: { [EMBED]: TOKEN_LIMIT }, ...simulator },
    env: { VERIFY_RATE: '0', MODEL_LIMITS: `${EMBED}=${LIMIT}/${TOKEN_LIMIT}` },
  });

/** Callers that embed new texts without end, some few short ones, some many long ones. */
const embedWithoutEnd = (bed: FleetBed, seed: number) => {
  const random = seededRandom(seed);
  const statuses: number[] = [];
  const leaving = new AbortController();
  let made = 0;
  const caller = async (): Promise<void> => {
    while (!leaving.signal.aborted) {
      const texts = Array.from(
        { length: 1 + Math.floor(30 * random()) },
        () => `${seed} ${made++} ${'lift of slender wings '.repeat(Math.floor(12 * random()))}`,
      );
      const response = await fetch(`${bed.urls()[Math.floor(bed.urls().length * random())]}/v1/embeddings`, {
        method: 'POST',
        headers: { authorization: `Bearer ${random() < 0.5 ? KEYS.search : KEYS.chatbot}` },
        body: JSON.stringify({ model: EMBED, input: texts }),
        signal: leaving.signal,
      }).catch(() => undefined);
      if (response) statuses.push(response.status);
      await response?.arrayBuffer().catch(() => {});
      if (response?.status !== 200) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const callers = Promise.all(Array.from({ length: CALLERS }, caller));
  return {
    statuses,
    async leave() {
      leaving.abort();
      await callers;
    },
  };
};

/** When calls arrived, and the tokens of each. */
const arrivalsAt = ({ calls }: Simulator) => ({
  moments: calls.map(({ at }) => at),
  tokens: calls.map(({ body }) => tokensOf(body as { input: string[] })),
});

describe('a fleet whose texts use up the tokens of a window before its calls', () => {
  it.each([1, 2, 4])('of %i processes passes neither limit, and uses the tokens', async (processes) => {
    const bed = await start(processes);
    try {
      const load = embedWithoutEnd(bed, processes);
      await new Promise((resolve) => setTimeout(resolve, WINDOWS * WINDOW_MS));
      await load.leave();
      const { moments, tokens } = arrivalsAt(bed.simulator);
      expect(mostInAnyWindow(moments, WINDOW_MS, tokens)).toBeLessThanOrEqual(TOKEN_LIMIT);
      expect(mostInAnyWindow(moments, WINDOW_MS)).toBeLessThanOrEqual(LIMIT);
      expect(throttled(bed.simulator)).toBe(0);
      expect(load.statuses.filter((status) => status !== 200)).toEqual([]);
      const [from, to] = [moments[0]! + WINDOW_MS, moments[0]! + WINDOWS * WINDOW_MS];
      const steady = tokens.filter((_, i) => moments[i]! >= from && moments[i]! < to);
      const used = steady.reduce((sum, each) => sum + each, 0) / ((WINDOWS - 1) * TOKEN_LIMIT);
      // A call is held for a window and for as long as it lasts, and the next may need more than what is left: of so few tokens,
      // a tenth. Of a minute as it is, ninety-five hundredths are used: pacing/window/model/fleet.test.ts.
      expect(used).toBeGreaterThan(0.65);
    } finally {
      await bed.stop();
    }
  });

  it('passes neither limit at an upstream that fails, hangs and lies', async () => {
    const bed = await start(2, { unkind: 'all' });
    try {
      const load = embedWithoutEnd(bed, 11);
      await new Promise((resolve) => setTimeout(resolve, WINDOWS * WINDOW_MS));
      await load.leave();
      const { moments, tokens } = arrivalsAt(bed.simulator);
      expect(mostInAnyWindow(moments, WINDOW_MS, tokens)).toBeLessThanOrEqual(TOKEN_LIMIT);
      expect(mostInAnyWindow(moments, WINDOW_MS)).toBeLessThanOrEqual(LIMIT);
      expect(moments.length).toBeGreaterThan(20);
    } finally {
      await bed.stop();
    }
  });

  it('notices that somebody else uses the tokens of the key, and leaves them theirs', async () => {
    const bed = await start(2);
    try {
      const text = (i: number): string => `${i} ${'somebody else’s wing '.repeat(20)}`;
      const others = async (first: number): Promise<void> => {
        const { url } = bed.simulator;

        await fetch(`${url}/v1/embeddings`, {
          method: 'POST',
          headers: { authorization: `Bearer ${UPSTREAM_KEY}` },
          body: JSON.stringify({
            model: EMBED,
            input: Array.from({ length: 40 }, (_, i) => text(first + i)),
          }),
        });
      };
      await others(0);
      const load = embedWithoutEnd(bed, 7);
      await new Promise((resolve) => setTimeout(resolve, 2 * WINDOW_MS));
      await load.leave();
      const { moments, tokens } = arrivalsAt(bed.simulator);
      expect(mostInAnyWindow(moments, WINDOW_MS, tokens)).toBeLessThanOrEqual(TOKEN_LIMIT);
      expect(throttled(bed.simulator)).toBe(0);
      expect(inputsOf(bed.simulator).length).toBeGreaterThan(5);
    } finally {
      await bed.stop();
    }
  });
});
