import { describe, expect, it } from 'vitest';
import { startFleetBed } from '../support/fleet-bed.ts';
import { COHERE, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { ask, startLoad } from '../support/load.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const withGateway = async (
  { limit, windowMs, keys }: { limit: number; windowMs: number; keys?: string },
  use: (gateway: TestGateway) => Promise<void>,
): Promise<void> => {
  const gateway = await startTestGateway({
    env: {
      MODEL_LIMITS: `${COHERE}=${limit}`,
      RATE_WINDOW_MS: String(windowMs),
      LOG_LEVEL: 'silent',
      ...(keys === undefined ? {} : { GATEWAY_KEYS: keys }),
    },
    simulator: { limits: { [COHERE]: limit }, windowMs, latencyMs: [5, 60] },
    drainMs: 500,
  });
  try {
    await use(gateway);
  } finally {
    await gateway.stop();
  }
};

/** Whose call it was, by the first word of its query. */
const clientsOf = ({ simulator }: Pick<TestGateway, 'simulator'>): string[] =>
  simulator.calls.map(({ body }) => (body as { query: string }).query.split(' ')[0]!);

describe('services that share the gateway', () => {
  it('let ten calls pass within twenty-five slots, though another has queued five hundred', async () => {
    await withGateway({ limit: 100, windowMs: 2000 }, async (gateway) => {
      const { url, simulator } = gateway;
      const many = Array.from({ length: 500 }, (_, i) =>
        ask(url, { key: KEYS.evaluation, model: COHERE, query: `evaluation ${i}` }),
      );
      while (simulator.calls.length < 90) await pause(20);
      const before = simulator.calls.length;
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          ask(url, { key: KEYS.search, model: COHERE, query: `search ${i}` }),
        ),
      );
      const clients = clientsOf(gateway);
      expect(clients.lastIndexOf('search') - before).toBeLessThan(25);
      await gateway.gateway.drain();
      await Promise.all(many);
    });
  });

  it('make a service that asks now and then wait but a moment while another saturates', async () => {
    const windowMs = 6000;
    await withGateway({ limit: 250, windowMs }, async (gateway) => {
      const { url } = gateway;
      let saturating = true;
      const callers = Array.from({ length: 400 }, async () => {
        while (saturating) await ask(url, { key: KEYS.evaluation, model: COHERE });
      });
      await pause(500);
      const waits: number[] = [];
      const single: Promise<unknown>[] = [];
      for (const end = performance.now() + 3 * windowMs; performance.now() < end; ) {
        single.push(
          ask(url, { key: KEYS.search, model: COHERE }).then(({ queueMs }) =>
            waits.push(queueMs ?? windowMs),
          ),
        );
        await pause(windowMs / 30);
      }
      await Promise.all(single);
      saturating = false;
      await gateway.gateway.drain();
      await Promise.all(callers);
      waits.sort((a, b) => a - b);
      expect(waits[Math.floor(0.95 * waits.length)]).toBeLessThanOrEqual(0.05 * windowMs);
    });
  });

  it('get shares of a saturated window in proportion to their weights', async () => {
    const keys = `search:${KEYS.search};weight=3,evaluation:${KEYS.evaluation}`;
    await withGateway({ limit: 80, windowMs: 1500, keys }, async (gateway) => {
      const { url } = gateway;
      let saturating = true;
      const callers = (['search', 'evaluation'] as const).flatMap((client) =>
        Array.from({ length: 100 }, async (_, i) => {
          for (let n = 0; saturating; n++) {
            await ask(url, { key: KEYS[client], model: COHERE, query: `${client} ${i} ${n}` });
          }
        }),
      );
      await pause(6 * 1500);
      // The first burst goes to whoever comes first; after that the shares hold.
      const served = clientsOf(gateway).slice(100);
      saturating = false;
      await gateway.gateway.drain();
      await Promise.all(callers);
      const share = served.filter((client) => client === 'search').length / served.length;
      expect(share).toBeGreaterThan(0.75 * 0.95);
      expect(share).toBeLessThan(0.75 * 1.05);
    });
  });
});

describe('services that each ask a process of their own', () => {
  it('get shares in proportion to their weights all the same, and a newcomer is served next', async () => {
    const windowMs = 3000;
    const bed = await startFleetBed({
      processes: 2,
      limit: 80,
      windowMs,
      latencyMs: [5, 60],
      env: {
        GATEWAY_KEYS: `search:${KEYS.search};weight=3,evaluation:${KEYS.evaluation},chatbot:${KEYS.chatbot}`,
      },
    });
    try {
      const [first, second] = bed.urls();
      // Four times as many ask for the lesser share.
      const loads = (['search', 'evaluation'] as const).map((client, i) =>
        startLoad({
          urls: () => [i === 0 ? first! : second!],
          key: KEYS[client],
          model: COHERE,
          callers: i === 0 ? 100 : 400,
          query: client,
        }),
      );
      await pause(3 * windowMs);
      const before = bed.simulator.calls.length;
      const newcomers = Array.from({ length: 8 }, (_, i) =>
        ask(second!, { key: KEYS.chatbot, model: COHERE, query: `chatbot ${i}` }),
      );
      await pause(4 * windowMs);
      const served = clientsOf(bed);
      await Promise.all([...newcomers, ...loads.map((load) => load.abandon())]);

      expect(served.lastIndexOf('chatbot') - before).toBeLessThan(25);
      const lasting = served.slice(100).filter((client) => client !== 'chatbot');
      const share = lasting.filter((client) => client === 'search').length / lasting.length;
      expect(share).toBeGreaterThan(0.75 * 0.95);
      expect(share).toBeLessThan(0.75 * 1.05);
    } finally {
      await bed.stop();
    }
  });
});
