/** One pacer per model, with a lane for every attachment that serves it. */

import type { Channel } from '../redis/channel.ts';
import type { Commands } from '../redis/commands.ts';
import type { Failure } from '../redis/failure.ts';
import { Healths, type OnCircuit } from '../upstream/healths.ts';
import type { Lane } from './lane-server.ts';
import { CREDIT_SHARE, Pacer } from './pacer.ts';
import { BEAT_MS } from './window/alone.ts';
import { limitOf, NOTHING, sum } from './window/amount.ts';
import { FleetWindow } from './window/fleet-window.ts';
import { RedisWindow } from './window/redis-window.ts';
import { sizeOf, type WindowRules } from './window/window.ts';

export interface Pacers {
  of(model: string): Pacer;
  readonly lanes: readonly PacedLane[];
  stateOf(model: string): ModelState;
  /** So much is free that some of it may be spent on what nobody waits for. */
  hasRoomToSpare(model: string): boolean;
  windows(): WindowState[];
  /** Why the calls of other processes cannot be seen, in one window at least; undefined when they can. */
  readonly alone: Failure | undefined;
  /** @see Healths.circuits */
  circuits(): { upstream: string; open: boolean }[];
  /** This process takes part in no shared window any longer. Never rejects. */
  close(): Promise<void>;
}

export interface PacedLane extends Lane {
  readonly model: string;
}

/** Places of all attachments that are up, their tokens where these are limited, and calls that wait. */
export interface ModelState extends Room {
  readonly waiting: number;
  readonly tokens: Room | undefined;
}

export interface Room {
  readonly limit: number;
  readonly remaining: number;
}

export interface WindowState {
  readonly upstream: string;
  readonly model: string;
  readonly limit: number;
  readonly used: number;
  /** Undefined: they are not limited. */
  readonly tokens: { readonly limit: number; readonly used: number } | undefined;
  /** Other processes share the window, but their calls cannot be seen. */
  readonly alone: boolean;
}

/** One of the upstream's, with a budget of its own per model. */
export interface Attachment {
  readonly alias: string;
  /** The only model that it serves; undefined: every model. */
  readonly modelId: string | undefined;
}

export interface PacersOptions {
  readonly upstreams: readonly Attachment[];
  /** Of every model served, calls a window that one attachment allows it; and tokens, where these are limited. */
  readonly limits: Readonly<Record<string, number>>;
  readonly tokenLimits?: Readonly<Record<string, number>>;
  /** Length of the windows, and the longest that a call may take here, milliseconds. */
  readonly windowMs: number;
  readonly maxWaitMs: number;
  /** Calls that may wait, for each model. */
  readonly maxQueue: number;
  readonly clients: readonly { readonly name: string; readonly weight: number }[];
  /** This process's name among those that share a window. */
  readonly process: string;
  /** Before every key in Redis. */
  readonly prefix: string;
  /** Where processes share their windows; undefined: this process has them to itself. */
  readonly redis: Commands | undefined;
  /** How they tell one another what callers were told that were refused. */
  readonly channel: Channel | undefined;
  /** Told when a window goes on alone, with the cause, and when it is shared again. */
  readonly onChange: (window: string, state: 'shared' | 'alone', cause?: Failure) => void;
  /** Told of every mistake of ours that a window stumbles over. */
  readonly onBug: (window: string, error: unknown) => void;
  readonly onCircuit: OnCircuit;
}

/** Share of the places that must be free, besides nobody waiting, before any is spent on what nobody waits for. */
const SPARE_SHARE = 0.5;

export const createPacers = (options: PacersOptions): Pacers => {
  const { upstreams, limits, tokenLimits = {}, windowMs, maxWaitMs, maxQueue, clients, prefix } = options;
  const { process, redis, channel, onChange, onBug, onCircuit } = options;
  const windowOf = (alias: string, model: string, rules: WindowRules, credit: number): FleetWindow =>
    new FleetWindow({
      rules,
      shared:
        redis &&
        new RedisWindow({ client: redis.client, prefix, attachment: alias, model, rules, credit, process }),
      onChange: (state, cause) => onChange(`${alias}:${model}`, state, cause),
      onBug: (error) => onBug(`${alias}:${model}`, error),
    });
  const weights = new Map(clients.map(({ name, weight }) => [name, weight]));
  const healths = new Healths(
    upstreams.map(({ alias }) => alias),
    onCircuit,
  );
  const lanes: PacedLane[] = [];
  const pacers = new Map<string, Pacer>();

  for (const [model, limit] of Object.entries(limits)) {
    const serving = upstreams.filter(({ modelId }) => modelId === undefined || modelId === model);
    const credit = CREDIT_SHARE * limit * serving.length;
    const rules = { limit, tokenLimit: tokenLimits[model], windowMs, callTimeoutMs: maxWaitMs };
    const ofModel = serving.map(({ alias }) => ({
      attachment: alias,
      model,
      window: windowOf(alias, model, rules, credit),
      health: healths.begin(alias, model),
    }));
    lanes.push(...ofModel);
    pacers.set(
      model,
      new Pacer({
        lanes: ofModel,
        maxQueue,
        windowMs,
        credit,
        sizeOf: rules.tokenLimit === undefined ? undefined : (tokens) => sizeOf(tokens, rules),
        channel: channel && {
          publish: (message) => channel.publish(`reservation:${model}`, message),
          subscribe: (listener) => channel.on(`reservation:${model}`, listener),
        },
        weightOf: (client) => weights.get(client) ?? 1,
      }),
    );
  }

  const shared = redis ? lanes.map(({ window }) => window) : [];
  const beat = (): void => {
    for (const window of shared) void window.beat();
  };
  beat();
  const heart = setInterval(beat, BEAT_MS).unref();

  const stateOf = (model: string): ModelState => {
    const up = lanes.filter((lane) => lane.model === model && !lane.health.open);
    const limit = up.map(({ window }) => limitOf(window.rules)).reduce(sum, NOTHING);
    const used = up.map(({ window }) => window.used()).reduce(sum, NOTHING);
    return {
      ...roomOf(limit.calls, used.calls),
      tokens: tokenLimits[model] === undefined ? undefined : roomOf(limit.tokens, used.tokens),
      waiting: pacers.get(model)!.waiting,
    };
  };
  const stateOfLane = ({ attachment, model, window }: PacedLane): WindowState => {
    const [{ limit, tokenLimit }, used] = [window.rules, window.used()];
    const tokens = tokenLimit === undefined ? undefined : { limit: tokenLimit, used: used.tokens };
    return { upstream: attachment, model, limit, used: used.calls, tokens, alone: window.lost !== undefined };
  };
  return {
    of: (model) => pacers.get(model)!,
    lanes,
    stateOf,
    hasRoomToSpare(model) {
      const { waiting, tokens, ...calls } = stateOf(model);
      const isSpare = ({ limit, remaining }: Room): boolean => remaining >= SPARE_SHARE * limit;
      return waiting === 0 && isSpare(calls) && (tokens === undefined || isSpare(tokens));
    },
    windows: () => lanes.map(stateOfLane),
    get alone() {
      return shared.find(({ lost }) => lost)?.lost;
    },
    circuits: () => healths.circuits(),
    async close() {
      clearInterval(heart);
      await Promise.all(shared.map((window) => window.leave()));
    },
  };
};

const roomOf = (limit: number, used: number): Room => ({ limit, remaining: Math.max(0, limit - used) });
