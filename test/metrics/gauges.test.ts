import { beforeEach, describe, expect, test } from 'vitest';
import { gauges } from '../../src/metrics/gauges.ts';
import { createMetrics } from '../../src/metrics/registry.ts';
import type { States } from '../../src/metrics/states.ts';
import { type Series, seriesOf } from './scrape.ts';

let states: { -readonly [Name in keyof States]: States[Name] };
let scrape: () => Promise<Series[]>;

beforeEach(() => {
  states = {
    inFlight: () => 3,
    bufferedBytes: () => 70_000,
    cacheBytes: () => 1000,
    cacheEntries: () => 2,
    granularities: () => [],
    queues: () => [
      { model: 'a', waiting: 5 },
      { model: 'b', waiting: 0 },
    ],
    windows: () => [{ upstream: 'RERANK', model: 'a', limit: 250, used: 10, alone: false }],
    circuits: () => [{ upstream: 'RERANK', open: false }],
    linesDropped: () => 0,
    keys: () => [],
    redis: () => undefined,
  };
  const live: States = {
    inFlight: () => states.inFlight(),
    bufferedBytes: () => states.bufferedBytes(),
    cacheBytes: () => states.cacheBytes(),
    cacheEntries: () => states.cacheEntries(),
    granularities: () => states.granularities(),
    queues: () => states.queues(),
    windows: () => states.windows(),
    circuits: () => states.circuits(),
    linesDropped: () => states.linesDropped(),
    keys: () => states.keys(),
    redis: () => states.redis(),
  };
  const registry = gauges(createMetrics({ dyno: 'web.1', version: '1' }), live);
  scrape = async () => seriesOf(await registry().metrics());
});

const valuesOf = async (name: string): Promise<Record<string, number>> => {
  const series = (await scrape()).filter((one) => one.name === `gateway_${name}`);
  return Object.fromEntries(
    series.map(({ labels, value }) => [
      [labels.upstream, labels.model, labels.state].filter(Boolean).join(' '),
      value,
    ]),
  );
};

describe('a scrape', () => {
  test('tells when each key was used last, in seconds of the epoch, and 0 of one that was not', async () => {
    states.keys = () => [
      { client: 'search', key: 1, usedAt: undefined },
      { client: 'search', key: 2, usedAt: performance.now() - 60_000 },
    ];
    const [old, current] = (await scrape()).filter(({ name }) => name.includes('key_last_used'));
    expect([old!.labels, old!.value]).toEqual([{ client: 'search', key: '1', dyno: 'web.1' }, 0]);
    expect(current!.labels.key).toBe('2');
    expect(Math.abs(Date.now() / 1000 - 60 - current!.value)).toBeLessThan(5);
  });

  test('counts lines of the log that were dropped since the start, from 0 on', async () => {
    const counted = async () => await valuesOf('log_lines_dropped_total');
    expect(await counted()).toEqual({ '': 0 });
    states.linesDropped = () => 5;
    await scrape();
    states.linesDropped = () => 7;
    expect(await counted()).toEqual({ '': 7 });
  });

  test('shows the state there is when it comes', async () => {
    expect(await valuesOf('requests_in_flight')).toEqual({ '': 3 });
    expect(await valuesOf('buffered_bytes')).toEqual({ '': 70_000 });
    expect(await valuesOf('cache_bytes')).toEqual({ '': 1000 });
    expect(await valuesOf('cache_entries')).toEqual({ '': 2 });
    expect(await valuesOf('queue_depth')).toEqual({ a: 5, b: 0 });
    expect(await valuesOf('ratelimit_limit_requests')).toEqual({ 'RERANK a': 250 });
    expect(await valuesOf('ratelimit_used_requests')).toEqual({ 'RERANK a': 10 });
  });

  test('shows another state when it comes again', async () => {
    await scrape();
    states.inFlight = () => 0;
    states.queues = () => [
      { model: 'a', waiting: 1 },
      { model: 'b', waiting: 7 },
    ];
    expect(await valuesOf('requests_in_flight')).toEqual({ '': 0 });
    expect(await valuesOf('queue_depth')).toEqual({ a: 1, b: 7 });
  });
});

test('pacing_alone is 1 for the windows in which the calls of others cannot be seen', async () => {
  const alone = (value: boolean) => () => [
    { upstream: 'RERANK', model: 'a', limit: 250, used: 10, alone: value },
    { upstream: 'RERANK', model: 'b', limit: 200, used: 0, alone: false },
  ];
  states.windows = alone(true);
  expect(await valuesOf('pacing_alone')).toEqual({ 'RERANK a': 1, 'RERANK b': 0 });
  states.windows = alone(false);
  expect(await valuesOf('pacing_alone')).toEqual({ 'RERANK a': 0, 'RERANK b': 0 });
});

test('circuit_open is 1 for the attachments that calls are kept away from', async () => {
  const open = (eu: boolean) => () => [
    { upstream: 'RERANK', open: false },
    { upstream: 'RERANK_EU', open: eu },
  ];
  states.circuits = open(true);
  expect(await valuesOf('circuit_open')).toEqual({ RERANK: 0, RERANK_EU: 1 });
  states.circuits = open(false);
  expect(await valuesOf('circuit_open')).toEqual({ RERANK: 0, RERANK_EU: 0 });
});

test('cache_granularity is 1 for what scores are reused for now, and no more there for what they were', async () => {
  const granularities = async () =>
    (await scrape())
      .filter(({ name }) => name === 'gateway_cache_granularity')
      .map(({ labels, value }) => [labels.model, labels.granularity, value]);
  states.granularities = () => [
    { model: 'a', granularity: 'document', dependent: false },
    { model: 'b', granularity: 'off', dependent: false },
  ];
  expect(await granularities()).toEqual([
    ['a', 'document', 1],
    ['b', 'off', 1],
  ]);
  expect(await valuesOf('scores_dependent')).toEqual({ a: 0, b: 0 });
  states.granularities = () => [{ model: 'a', granularity: 'request', dependent: true }];
  expect(await valuesOf('scores_dependent')).toMatchObject({ a: 1 });
  expect(await granularities()).toEqual([['a', 'request', 1]]);
});

describe('redis_up', () => {
  test('is 1 while Redis is connected, and 0 while it is not', async () => {
    states.redis = () => ({ up: true, state: 'up' });
    expect(await valuesOf('redis_up')).toEqual({ '': 1 });
    states.redis = () => ({ up: false, state: 'outage' });
    expect(await valuesOf('redis_up')).toEqual({ '': 0 });
  });

  // An alert on 0 would never stop where no Redis is configured.
  test('is not there without Redis', async () => {
    expect(await valuesOf('redis_up')).toEqual({});
    expect(await valuesOf('redis_state')).toEqual({});
  });

  test('says what is wrong with a Redis in redis_state', async () => {
    states.redis = () => ({ up: true, state: 'full' });
    expect(await valuesOf('redis_up')).toEqual({ '': 1 });
    expect(await valuesOf('redis_state')).toEqual({
      up: 0,
      forbidden: 0,
      full: 1,
      refused: 0,
      'wrong server': 0,
      outage: 0,
    });
  });
});
