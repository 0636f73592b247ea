/** The cached pairs, in memory and in Redis, and the scopes that keep apart what must not be shared. */

import type { Redis } from 'ioredis';
import type { Granularity } from '../calls/call.ts';
import type { Codec } from '../calls/endpoint.ts';
import type { Values } from '../calls/values.ts';
import { Channel } from '../redis/channel.ts';
import type { Commands } from '../redis/commands.ts';
import type { Failure } from '../redis/failure.ts';
import { type ItemMemory, memoryByItem, sharedByItem } from './by-item.ts';
import { memoryByQuestion, sharedByQuestion } from './by-question.ts';
import { Claims } from './claims.ts';
import { createGranularities, type Granularities } from './granularities.ts';
import { memoryStore } from './memory-store.ts';
import { ModelStates } from './model-states.ts';
import { redisPairs } from './redis-pairs.ts';
import { Refused } from './refused.ts';
import { createStanding, type Standing } from './standing.ts';
import type { MemoryStore, SharedStore } from './stores.ts';
import { type Evictable, together } from './together.ts';

/** Milliseconds between two looks at Redis. */
const BEAT_MS = 1000;

export interface Caches {
  readonly memory: MemoryStore;
  /** Undefined without Redis. */
  readonly shared: SharedStore | undefined;
  /** Stores for values that are kept under a key each. */
  byItem<T>(codec: Codec<T>): {
    readonly memory: MemoryStore<readonly T[]>;
    readonly redis: SharedStore<readonly T[]> | undefined;
  };
  /** Of this process's memory: bytes, and number of values. */
  size(): { readonly bytes: number; readonly entries: number };
  readonly granularities: Granularities;
  /** What the firewall in front of the upstream has refused lately, in all processes. */
  readonly refused: Refused;
  /** The channel between processes; undefined without Redis. */
  readonly channel: Channel | undefined;
  scopeOf(model: string, client: string): readonly string[];
  /** @see Standing */
  readonly standing: Standing;
  /** Goes up when a model's scores are purged. */
  versionOf(model: string): number;
  /** Purges a model's scores: here at once, and in all processes. Rejects when the others cannot be reached now. */
  purge(model: string): Promise<void>;
  /**
   * From now on checks every second that Redis accepts writes, and exchanges the models' states. Resolves when that was tried
   * once: before, no request may be answered, since scores may have been purged while this process was away.
   */
  begin(): Promise<void>;
  stop(): void;
}

export interface CacheSettings {
  /** How long a score is fresh, and for how long after that it may still answer when the upstream fails. */
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly memoryBytes: number;
  readonly granularity: Readonly<Record<string, Granularity>>;
  readonly scope: 'shared' | 'client';
}

export interface CachesOptions {
  readonly models: readonly string[];
  readonly settings: CacheSettings;
  /** The longest that a call may take here, milliseconds. */
  readonly maxWaitMs: number;
  /** A connection for commands and one that subscribes; undefined: this process is alone. */
  readonly redis:
    | { readonly commands: Commands; readonly subscriber: Redis; readonly prefix: string }
    | undefined;
  /** Scores come from a simulator, so they must never answer calls to a real upstream. */
  readonly simulated: boolean;
  /** Called when scores of a model configured `document` turn out to depend on their companions, here or in another process. */
  readonly onDependent: (model: string, dependent: boolean) => void;
  /** Called when a model turns out to have been replaced, and whether its older scores were purged. */
  readonly onChange: (model: string, purged: boolean) => void;
  /** Called with the failure when messages of other processes do not arrive, and with undefined when they do. */
  readonly onListening: (failure: Failure | undefined) => void;
}

export const createCaches = (options: CachesOptions): Caches => {
  const { models, settings, maxWaitMs, redis, simulated, onDependent, onChange, onListening } = options;
  const channel = redis && new Channel({ ...redis, onListening });
  const claims = channel && new Claims(channel);
  const { ttlMs, staleMs, memoryBytes, granularity, scope } = settings;
  const states = new ModelStates({
    models,
    shared: redis && channel && { ...redis, channel },
    scoreLifeMs: ttlMs + staleMs,
    onDependent: (model, dependent) => {
      if (granularity[model] === 'document') onDependent(model, dependent);
    },
  });
  const namespace = simulated ? 'simulator' : 'upstream';
  const memory = memoryStore(memoryBytes);
  const stores: (Evictable & { readonly entries: number })[] = [memory];
  const trim = together(memoryBytes, stores);
  const refused = createRefused(channel);
  const beat = (): Promise<unknown> =>
    Promise.all([redis?.commands.beat(redis.prefix), states.exchange()]).catch(() => {});
  let heart: NodeJS.Timeout | undefined;
  return {
    memory: trimmed(memoryByQuestion(memory), trim),
    shared: redis && claims && sharedByQuestion(redisPairs({ ...redis, claims, claimMs: maxWaitMs })),
    byItem<T>(codec: Codec<T>) {
      const items: ItemMemory<T> = memoryByItem(codec, memoryBytes);
      stores.push(items);
      return {
        memory: trimmed(items, trim),
        redis: redis && claims && sharedByItem({ ...redis, claims, claimMs: maxWaitMs, codec }),
      };
    },
    size: () => ({
      bytes: stores.reduce((sum, { bytes }) => sum + bytes, 0),
      entries: stores.reduce((sum, { entries }) => sum + entries, 0),
    }),
    granularities: createGranularities({ configured: granularity, states, onChange }),
    refused,
    channel,
    standing: createStanding({ memory, states, refused, lifetime: settings }),
    scopeOf: (model, client) => [
      namespace,
      String(states.of(model).version),
      scope === 'client' ? client : '',
    ],
    versionOf: (model) => states.of(model).version,
    purge: (model) => states.advance(model),
    async begin() {
      await beat();
      heart = redis && setInterval(beat, BEAT_MS).unref();
    },
    stop() {
      clearInterval(heart);
      claims?.stop();
    },
  };
};

const trimmed = <V extends Values>(store: MemoryStore<V>, trim: () => void): MemoryStore<V> => ({
  find: (identity) => store.find(identity),
  add(...values) {
    store.add(...values);
    trim();
  },
});

const REFUSED = 'refused';

/** A question's digest, and the name of its refused part. */
const REFUSED_MESSAGE = /^([\w-]{22}) ([\w.-]{1,64})$/;

/** Processes publish what they find, so that a caller may come back to any of them. */
const createRefused = (channel: Channel | undefined): Refused => {
  const refused = new Refused({
    onFound: (question, name) => channel?.publish(REFUSED, `${question} ${name}`),
  });
  channel?.on(REFUSED, (message) => {
    const [, question, name] = REFUSED_MESSAGE.exec(message) ?? [];
    if (question !== undefined && name !== undefined) refused.add(question, name);
  });
  return refused;
};
