import { beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { createGranularities, type Granularities } from '../src/granularities.ts';
import type { Channel } from '../src/peers/channel.ts';
import { SCORE_TOLERANCE } from '../src/rerank/tolerance.ts';

const MODELS = { pairs: 'document', sets: 'request', none: 'off' } as const;

/** Everybody who listens hears what anybody says, himself included. */
class FakeChannel {
  readonly said: [topic: string, message: string][] = [];
  readonly #listeners: [topic: string, listener: (message: string) => void][] = [];

  publish(topic: string, message: string): void {
    this.said.push([topic, message]);
    for (const [other, tell] of this.#listeners) if (other === topic) tell(message);
  }

  on(topic: string, listener: (message: string) => void): void {
    this.#listeners.push([topic, listener]);
  }
}

let channel: FakeChannel;
beforeEach(() => {
  channel = new FakeChannel();
});

/** One process, and how often it raised its voice. */
const aProcess = (connected = true): Granularities & { alarms: [model: string, difference: number][] } => {
  const result = parseConfig({
    NODE_ENV: 'test',
    MODEL_LIMITS: Object.keys(MODELS)
      .map((model) => `${model}=10`)
      .join(','),
    CACHE_GRANULARITY: Object.entries(MODELS)
      .map(([model, granularity]) => `${model}=${granularity}`)
      .join(','),
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const alarms: [string, number][] = [];
  const granularities = createGranularities({
    config: result.config,
    channel: connected ? (channel as unknown as Channel) : undefined,
    onDrift: (model, difference) => void alarms.push([model, difference]),
  });
  return Object.assign(granularities, { alarms });
};

describe('a model’s scores are reused', () => {
  test.each(Object.entries(MODELS))('as configured: %s for its %s', (model, granularity) => {
    expect(aProcess().of(model)).toBe(granularity);
  });

  test.each(['unknown', '__proto__', 'constructor'])('for nothing when it is not served: %s', (model) => {
    expect(aProcess().of(model)).toBe('off');
  });
});

describe('a score that has changed', () => {
  test.each([0, 1e-9, SCORE_TOLERANCE])('by no more than is tolerated (%d) changes nothing', (difference) => {
    const one = aProcess();
    one.verified('pairs', difference);
    expect([one.of('pairs'), one.alarms, channel.said]).toEqual(['document', [], []]);
  });

  test('by more has its model’s scores reused for the same set only, from now on', () => {
    const one = aProcess(false);
    one.verified('pairs', 0.02);
    one.verified('pairs', 0);
    expect(one.of('pairs')).toBe('request');
    expect(one.of('none')).toBe('off');
  });

  test('is told of loudly, once', () => {
    const one = aProcess(false);
    for (const difference of [0.02, 0.5, 0.02]) one.verified('pairs', difference);
    expect(one.alarms).toEqual([['pairs', 0.02]]);
  });

  test('is heard of by all processes, each of which tells it once', () => {
    const [one, other] = [aProcess(), aProcess()];
    one.verified('pairs', 0.02);
    other.verified('pairs', 0.03);
    for (const process of [one, other]) {
      expect(process.of('pairs')).toBe('request');
      expect(process.alarms).toEqual([['pairs', 0.02]]);
    }
    expect(channel.said).toHaveLength(1);
  });

  test.each(['sets', 'none', 'unknown'])('is no news of a model that is not reused by pair: %s', (model) => {
    const one = aProcess();
    const before = one.of(model);
    channel.publish('drift', `${model} 0.5`);
    expect([one.of(model), one.alarms]).toEqual([before, []]);
  });
});
