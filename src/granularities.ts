/** What each model's scores are reused for, as long as nothing speaks against it. */

import type { Config, Granularity } from './config.ts';
import type { Channel } from './peers/channel.ts';
import { SCORE_TOLERANCE } from './rerank/tolerance.ts';

export interface GranularitiesOptions {
  readonly config: Config;
  /** To the other processes, where there are any. */
  readonly channel: Channel | undefined;
  /** Told when a model's scores turn out to depend on their companions, or to change, with how far they were apart. */
  readonly onDrift: (model: string, difference: number) => void;
}

export interface Granularities {
  of(model: string): Granularity;
  /** Takes note of how far a cached score and a new one of the same pair were apart. */
  verified(model: string, difference: number): void;
}

const TOPIC = 'drift';

export const createGranularities = ({ config, channel, onDrift }: GranularitiesOptions): Granularities => {
  /** Until restart: whoever has configured it should look. */
  const drifted = new Set<string>();
  const note = (model: string, difference: number): void => {
    if (drifted.has(model) || config.cache.granularity[model] !== 'document') return;
    drifted.add(model);
    onDrift(model, difference);
  };
  channel?.on(TOPIC, (message) => {
    const [model = '', difference] = message.split(' ');
    note(model, Number(difference));
  });
  return {
    of: (model) => (drifted.has(model) ? 'request' : (config.cache.granularity[model] ?? 'off')),
    verified(model, difference) {
      if (difference <= SCORE_TOLERANCE || drifted.has(model)) return;
      note(model, difference);
      channel?.publish(TOPIC, `${model} ${difference}`);
    },
  };
};
