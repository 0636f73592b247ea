import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selectorsOf } from '../../deploy/promql.ts';
import { AMAZON, COHERE, EMBED } from '../../support/gateway.ts';
import { advised, alerting, recorded, shown, variables } from './expressions.ts';
import { play, type Scenario } from './scenario.ts';

let scenario: Scenario;
let seconds = 0;

beforeAll(async () => {
  scenario = await play();
  seconds = Math.ceil(scenario.whole.to - scenario.whole.from);
}, 120_000);
afterAll(() => scenario?.stop());

/** The only value of an expression over the calm part. */
const calm = async (expr: (range: string) => string): Promise<number> => {
  const { from, to } = scenario.calm;
  const found = await scenario.prometheus.query(expr(`${Math.round(to - from)}s`), to);
  expect(found).toHaveLength(1);
  return found[0]!.value;
};

describe('a fleet behind a router that chooses at random, with one dyno killed and restarted', () => {
  test('is counted within 3 % of the truth', async () => {
    const { answered, broken } = scenario.truth;
    const counted = await calm((range) => `sum(increase(gateway_requests_total[${range}]))`);
    expect(answered).toBeGreaterThan(500);
    expect(counted).toBeGreaterThan(0.97 * answered);
    expect(counted).toBeLessThan(1.03 * (answered + broken));
  });

  test.each([
    ['web.1', 0],
    ['web.2', 1],
    ['web.3', 0],
  ])('shows of %s as many resets as there were restarts: %i', async (dyno, restarts) => {
    const resets = (metric: string) => calm((range) => `max(resets(${metric}{dyno="${dyno}"}[${range}]))`);
    expect(await resets('gateway_requests_total')).toBe(restarts);
    expect(await resets('process_cpu_seconds_total')).toBe(restarts);
    expect(await calm((range) => `changes(process_start_time_seconds{dyno="${dyno}"}[${range}])`)).toBe(
      restarts,
    );
  });
});

/** What is wrong with the series that an expression looks at. */
const complaints = async ({ where, expr }: { where: string; expr: string }): Promise<string[]> => {
  const found: string[] = [];
  for (const { series, labels } of selectorsOf(expr)) {
    // Prometheus' own, and nothing fires within a minute.
    if (series.startsWith('ALERTS{')) continue;
    const there = await scenario.prometheus.series(series, scenario.whole);
    if (there.length === 0) found.push(`${where}: there is no ${series}`);
    const unknown = labels.filter((label) => !there.some((one) => label in one));
    if (unknown.length > 0) found.push(`${where}: ${series} has no ${unknown}`);
  }
  return found;
};

describe('every name and label that is committed exists', () => {
  test.each([
    ['panels and annotations', () => shown(seconds)],
    ['recording rules', () => recorded],
    ['alerts', () => alerting],
    ['the runbook', () => advised],
  ])('in %s', async (_, expressions) => {
    const all = await Promise.all(expressions().map(complaints));
    expect(all.flat()).toEqual([]);
  });

  test.each([
    ['gateway_request_total', 'there is no'],
    ['gateway_requests_total{outcome="errors"}', 'there is no'],
    ['sum by (service) (gateway_requests_total)', 'has no service'],
  ])('and one that does not would be found: %s', async (expr, complaint) => {
    expect(await complaints({ where: 'here', expr })).toEqual([expect.stringContaining(complaint)]);
  });
});

describe('everything shows something', () => {
  test('every panel and annotation', async () => {
    const empty: string[] = [];
    for (const { where, expr } of shown(seconds)) {
      const courses = await scenario.prometheus.course(expr, scenario.whole);
      if (!courses.some(({ values }) => values.some(Number.isFinite))) empty.push(`${where}: ${expr}`);
    }
    expect(empty).toEqual([]);
  });

  test('every recording rule', async () => {
    const empty: string[] = [];
    for (const { where } of recorded) {
      const courses = await scenario.prometheus.course(where, scenario.whole);
      if (!courses.some(({ values }) => values.some(Number.isFinite))) empty.push(where);
    }
    expect(empty).toEqual([]);
  });

  test('every variable', async () => {
    const { prometheus, whole } = scenario;
    const values: Record<string, string[]> = {};
    for (const { name, selector, label } of variables) {
      values[name] = await prometheus.labelValues(selector, label, whole);
    }
    expect(values).toEqual({
      job: ['rerank-gateway'],
      model: [AMAZON, EMBED, COHERE, 'other'],
      client: ['chatbot', 'evaluation', 'other', 'search'],
      dyno: ['web.1', 'web.2', 'web.3'],
    });
  });
});

describe('what caches do', () => {
  test.each([
    'gateway_cache_requests_total{tier="memory", result="partial"}',
    'gateway_cache_requests_total{tier="redis", result="partial"}',
    'gateway_merged_requests_total',
    'gateway_verified_pairs_total{result="same"}',
    'gateway_score_drift_bucket{le="0.001"}',
    'gateway_cache_granularity{granularity="document"}',
  ])('shows in %s', async (expr) => {
    expect(await scenario.prometheus.course(`${expr} > 0`, scenario.whole)).not.toEqual([]);
  });
});

describe('trouble', () => {
  test.each([
    'gateway_upstream_requests_total{code="429"}',
    'gateway_upstream_requests_total{code="500"}',
    'gateway_upstream_retries_total{reason="failed"}',
    'gateway_rejections_total{client="chatbot", reason="quota_exhausted"}',
    'gateway_rejections_total{client="evaluation", reason="wait_too_long"}',
    'gateway_requests_total{outcome="error", code="502"}',
    'gateway_circuit_open',
    'gateway_queue_depth',
    'gateway_redis_errors_total',
    'gateway_redis_up == 0',
    'up == 0',
  ])('shows in %s', async (expr) => {
    const shows = expr.includes('==') ? expr : `${expr} > 0`;
    expect(await scenario.prometheus.course(shows, scenario.whole)).not.toEqual([]);
  });

  // The others need longer windows than a minute: promtool plays those.
  test.each([
    'GatewayNoDynos',
    'GatewayErrorBudgetBurnsFast',
    'GatewayErrorBudgetBurnsSlowly',
    'GatewayQueueNearCapacity',
    'GatewayCircuitOpen',
    'GatewayUpstreamThrottled',
    'GatewayClientsRejected',
  ])('wakes %s', async (alert) => {
    const active = await scenario.prometheus.course(`ALERTS{alertname="${alert}"}`, scenario.whole);
    expect(active).not.toEqual([]);
  });
});
