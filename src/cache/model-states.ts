/**
 * The state of each model's scores, shared by all processes: their version, and whether they were found to depend on
 * companions.
 *
 * The version is a number that is part of every question and goes up with each purge: raising it makes all older scores
 * unreachable, in every process and in Redis, without looking for them. A finding belongs to a version, and is forgotten with
 * it.
 *
 * States only go one way: to a higher version, and within a version from not found to found. So processes agree in whatever
 * order they exchange them, a process that is new or has missed a message learns the state within a beat, and a Redis that
 * was emptied is given it again.
 */

import type { Channel } from '../redis/channel.ts';
import type { Commands, Script } from '../redis/commands.ts';
import { versioned } from '../redis/keys.ts';

export interface ModelState {
  /** About the time of the latest purge, epoch milliseconds; 0: never purged. */
  readonly version: number;
  /** Since when scores are known to depend on their companions, epoch milliseconds; 0: they are not. */
  readonly dependentSince: number;
}

/** Models of all apps that share the prefix; and characters of a state, which is two times in milliseconds. */
const MOST_MODELS = 1000;
const MOST_LETTERS = 40;

/**
 * KEYS: the hash of states. ARGV: time to keep it (ms), how far ahead of Redis' clock a number may lie (ms), then triples of
 * model, version and `dependentSince`: 0 and 0 when nothing is known. Both sides keep the later state. A field that is no
 * state is overwritten. Reply: for each of these models `version since`, or an empty string.
 */
const EXCHANGE = `
-- More fields than there can be models: other programs have written here. Processes write again what they know.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' or redis.call('HLEN', KEYS[1]) > ${MOST_MODELS} then
  redis.call('UNLINK', KEYS[1])
end
local time = redis.call('TIME')
local most = time[1] * 1000 + ARGV[2]
local function read(text)
  local version, since = string.match(text or '', '^(%d+) (%d+)$')
  version, since = tonumber(version), tonumber(since)
  if not version or version >= most or since >= most then return -1, 0 end
  return version, since
end
local reply = {}
for i = 3, #ARGV, 3 do
  local version, since = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local long = redis.call('HSTRLEN', KEYS[1], ARGV[i]) > ${MOST_LETTERS}
  local known, found = read(not long and redis.call('HGET', KEYS[1], ARGV[i]) or '')
  local later = version > math.max(0, known) or (version >= known and found == 0 and since > 0)
  if later and version < most and since < most then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2])
  elseif known < 0 then redis.call('HDEL', KEYS[1], ARGV[i]) end
  reply[#reply + 1] = redis.call('HGET', KEYS[1], ARGV[i]) or ''
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return reply
`;

export interface ModelStatesOptions {
  readonly models: readonly string[];
  /** Where processes share the states; undefined: this process is alone. */
  readonly shared:
    | { readonly commands: Commands; readonly channel: Channel; readonly prefix: string }
    | undefined;
  /** The longest that a score is kept anywhere, milliseconds: no state is forgotten sooner. */
  readonly scoreLifeMs: number;
  /** Called when this process learns, by itself or from another, that a model's scores depend on companions, or no longer do. */
  readonly onDependent?: (model: string, dependent: boolean) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

const TOPIC = 'model';
const NONE: ModelState = { version: 0, dependentSince: 0 };

/**
 * Both numbers are times of a clock, or one more than an earlier version. A number further ahead than this is ignored: no
 * purge could go beyond it. Milliseconds.
 */
const AHEAD_MS = 86_400_000;

export class ModelStates {
  readonly #options: ModelStatesOptions;
  readonly #now: () => number;
  readonly #script: Script | undefined;
  readonly #known = new Map<string, ModelState>();

  constructor(options: ModelStatesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const { shared, models } = options;
    for (const model of models) this.#known.set(model, NONE);
    this.#script = shared?.commands.script('modelStatesExchange', 1, EXCHANGE);
    shared?.channel.on(TOPIC, (message) => {
      const space = message.indexOf(' ');
      const [model, state] = [message.slice(0, space), parse(message.slice(space + 1))];
      // If it is our clock that is wrong, the next beat brings the state from Redis, which judges it by its own clock.
      if (state !== undefined && state.version < this.#now() + AHEAD_MS) this.#raise(model, state);
    });
    shared?.channel.onOpen(() => void this.exchange().catch(() => {}));
  }

  of(model: string): ModelState {
    return this.#known.get(model) ?? NONE;
  }

  /**
   * Purges a model's scores, and what was found about them: here at once, and in all processes. Rejects when these cannot be
   * reached now, or Redis does not hold the new version afterwards.
   */
  async advance(model: string): Promise<void> {
    // From a clock, so that a version that was lost with Redis is not used a second time.
    const version = Math.max(this.#now(), this.of(model).version + 1);
    this.#raise(model, { version, dependentSince: 0 });
    await this.#share(model);
    if (this.of(model).version < version) throw new Error('The version has not gone up.');
  }

  /** Records that a model's scores depend on their companions. Rejects when the other processes cannot be reached now. */
  async foundDependent(model: string): Promise<void> {
    this.#raise(model, { version: this.of(model).version, dependentSince: Math.max(1, this.#now()) });
    await this.#share(model);
  }

  /** Exchanges states with Redis: each side keeps the later one. Rejects when Redis does. */
  async exchange(): Promise<void> {
    await this.#exchange();
  }

  async #share(model: string): Promise<void> {
    const { shared } = this.#options;
    if (shared === undefined) return;
    const { version } = this.of(model);
    const kept = await this.#exchange();
    // Read back: that the write was not refused does not prove that it was kept.
    const inRedis = parse(kept.get(model) ?? '');
    if (inRedis === undefined || inRedis.version < version) throw new Error('Redis has not taken it.');
    shared.channel.publish(TOPIC, `${model} ${toText(this.of(model))}`);
  }

  async #exchange(): Promise<ReadonlyMap<string, string>> {
    const { shared, scoreLifeMs } = this.#options;
    const kept = new Map<string, string>();
    if (shared === undefined) return kept;
    const models = [...this.#known.keys()];
    const own = [...this.#known].flatMap(([model, { version, dependentSince }]) => [
      model,
      version,
      dependentSince,
    ]);
    const reply = (await shared.commands.run('models', () =>
      this.#script!.text(`${shared.prefix}${versioned('models')}`, 2 * scoreLifeMs, AHEAD_MS, ...own),
    )) as string[];
    for (const [i, model] of models.entries()) {
      kept.set(model, reply[i]!);
      const state = parse(reply[i]!);
      if (state !== undefined) this.#raise(model, state);
    }
    return kept;
  }

  #raise(model: string, state: ModelState): void {
    const known = this.#known.get(model);
    if (known === undefined || !isLater(state, known)) return;
    this.#known.set(model, state);
    const [before, now] = [known.dependentSince > 0, state.dependentSince > 0];
    if (now !== before) this.#options.onDependent?.(model, now);
  }
}

const parse = (text: string): ModelState | undefined => {
  const [, version, since] = /^(\d{1,15}) (\d{1,15})$/.exec(text) ?? [];
  return version === undefined ? undefined : { version: Number(version), dependentSince: Number(since) };
};

const isLater = (state: ModelState, known: ModelState): boolean =>
  state.version === known.version
    ? known.dependentSince === 0 && state.dependentSince > 0
    : state.version > known.version;

const toText = ({ version, dependentSince }: ModelState): string => `${version} ${dependentSince}`;
