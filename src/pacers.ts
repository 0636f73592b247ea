/** One pacer per model, with a lane for every attachment that serves it. */

import type { Config, Upstream } from './config.ts';
import { memoryWindow } from './pacing/memory-window.ts';
import { type Lane, Pacer } from './pacing/pacer.ts';

export interface Pacers {
  of(model: string): Pacer;
  stateOf(model: string): { limit: number; remaining: number; waiting: number };
  windows(): { upstream: string; model: string; limit: number; used: number }[];
}

export const createPacers = (config: Config, upstreams: readonly Upstream[]): Pacers => {
  const weights = new Map(config.clients.map(({ name, weight }) => [name, weight]));
  const lanes = new Map<string, Lane[]>();
  const pacers = new Map<string, Pacer>();

  for (const [model, limit] of Object.entries(config.modelLimits)) {
    const serving = upstreams.filter(({ modelId }) => modelId === undefined || modelId === model);
    const rules = { limit, windowMs: config.rateWindowMs, callTimeoutMs: config.maxWaitMs };
    const ofModel = serving.map(({ alias }) => ({ attachment: alias, window: memoryWindow(rules) }));
    lanes.set(model, ofModel);
    pacers.set(
      model,
      new Pacer({
        lanes: ofModel,
        maxQueue: config.maxQueue,
        weightOf: (client) => weights.get(client) ?? 1,
      }),
    );
  }

  const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
  return {
    of: (model) => pacers.get(model)!,
    stateOf(model) {
      const windows = lanes.get(model)!.map(({ window }) => window);
      const limit = sum(windows.map((window) => window.limit));
      const used = sum(windows.map((window) => window.used()));
      return { limit, remaining: Math.max(0, limit - used), waiting: pacers.get(model)!.waiting };
    },
    windows: () =>
      [...lanes].flatMap(([model, ofModel]) =>
        ofModel.map(({ attachment, window }) => ({
          upstream: attachment,
          model,
          limit: window.limit,
          used: window.used(),
        })),
      ),
  };
};
