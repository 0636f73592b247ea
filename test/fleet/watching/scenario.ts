/**
 * A fleet that is watched by the Prometheus of deploy/prometheus, through a day's work in a minute: traffic, a dyno that
 * is killed and comes back, an upstream that throttles, hangs and fails, a lost Redis, and the end of everything.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Deployed, deploy } from '../../deploy/deployed.ts';
import { type FleetBed, startFleetBed } from '../../support/fleet-bed.ts';
import { AMAZON, COHERE, EMBED, KEYS } from '../../support/gateway.ts';
import { type Period, startPrometheus, type TestPrometheus } from '../../support/prometheus.ts';
import { type Router, startRouter } from '../../support/router.ts';
import { askFor, troubles } from './traffic.ts';

const METRICS_TOKEN = 'metrics-token-SECRET-77';
const LIMITS = { [COHERE]: 2000, [AMAZON]: 30, [EMBED]: 500 };
const TOKEN_LIMITS: Readonly<Record<string, number>> = { [EMBED]: 100_000 };
const PATIENCE_MS = 20_000;

export interface Scenario {
  readonly prometheus: TestPrometheus;
  /** From before the first request to the end. */
  readonly whole: Period;
  /** The part before the troubles. */
  readonly calm: Period;
  /** Requests answered by processes by the end of the calm part, and those that broke off with the killed one. */
  readonly truth: { readonly answered: number; readonly broken: number };
  stop(): Promise<void>;
}

const now = (): number => Date.now() / 1000;

const startBed = (): Promise<FleetBed> =>
  startFleetBed({
    processes: 3,
    limit: LIMITS[COHERE]!,
    windowMs: 20_000,
    latencyMs: [5, 50],
    simulator: { limits: LIMITS, tokenLimits: TOKEN_LIMITS },
    env: {
      METRICS_TOKEN,
      HEROKU_RELEASE_VERSION: 'v42',
      HEROKU_BUILD_COMMIT: '0a1b2c3d',
      // As many as there is time for: one in a thousand would hardly be one.
      VERIFY_RATE: '1',
      MODEL_LIMITS: Object.entries(LIMITS)
        .map(([model, limit]) => [`${model}=${limit}`, TOKEN_LIMITS[model] ?? []].flat().join('/'))
        .join(','),
      GATEWAY_KEYS: Object.entries(KEYS)
        .map(([name, key]) => `${name}:${key}${name === 'chatbot' ? ';rpm=10' : ''}`)
        .join(','),
    },
  });

/** Waits until an expression finds something. */
const until = async (prometheus: TestPrometheus, expr: string): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MS;
  while ((await prometheus.query(expr)).length === 0) {
    if (Date.now() > deadline) throw new Error(`It never came to ${expr}`);
    await sleep(200);
  }
};

/** Traffic, with one process killed and started again under its name. */
const work = async (bed: FleetBed, router: Router): Promise<void> => {
  const asking = askFor(14_000, router);
  await sleep(6000);
  // What a process counts after it last told is lost with it: up to 5 s of it, or what comes between two scrapes.
  await router.scraped('web.2');
  router.targets.delete('web.2');
  await bed.gateways[1]!.kill();
  bed.gateways[1] = await bed.another('web.2');
  router.targets.set('web.2', bed.gateways[1].url);
  await asking;
};

export const play = async (): Promise<Scenario> => {
  const router = await startRouter();
  const deployed: Deployed = deploy({ target: new URL(router.url).host, token: METRICS_TOKEN });
  const [bed, prometheus] = await Promise.all([startBed(), startPrometheus(deployed.folder)]);
  const leaving = new AbortController();
  const stop = async (): Promise<void> => {
    leaving.abort();
    deployed.remove();
    await Promise.all([router.stop(), bed.stop(), prometheus.stop()]);
  };
  try {
    for (const [i, url] of bed.urls().entries()) router.targets.set(`web.${i + 1}`, url);
    await until(prometheus, 'count(gateway_build_info) == 3');
    const from = now();
    await sleep(1000);
    await work(bed, router);
    // Until each has told its last counts.
    for (const name of router.targets.keys()) await router.scraped(name);
    await sleep(1000);
    const calm = { from, to: now() };
    const truth = { ...router.rerank };

    await troubles({ router, simulator: bed.simulator, signal: leaving.signal });
    await bed.redis.stop();
    await until(prometheus, 'gateway_redis_up == 0');
    await askFor(2500, router);
    await bed.redis.start();
    // What was counted without Redis is told when it is back, by all of them, and seen for some scrapes.
    await until(prometheus, 'count(gateway_redis_up == 1) == 3');
    await until(prometheus, 'gateway_redis_errors_total > 0');
    await sleep(2000);
    await Promise.all(bed.gateways.map((gateway) => gateway.kill()));
    await until(prometheus, 'ALERTS{alertname="GatewayNoDynos"}');
    // A course has a value a second, and one of them must fall into the end.
    await sleep(1000);
    return { prometheus, whole: { from, to: now() }, calm, truth, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
