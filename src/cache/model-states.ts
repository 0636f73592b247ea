/**
 * What all processes know of a model's scores: their version, and whether they were found to depend on companions.
 *
 * The version is how often the scores have been forgotten: a number that is part of every question, so that raising it
 * leaves all older scores behind, in every process and in Redis, without looking for them. What was found out belongs to its
 * version, and is forgotten with it.
 *
 * States only go one way, to a higher version, and inside it from nothing found to something found: so whoever exchanges
 * them in whatever order agrees, a process that has missed the word or is new hears it within a beat, and a Redis that was
 * emptied is told.
 */

import type { Channel } from '../redis/channel.ts';
import type { Commands, Script } from '../redis/commands.ts';
import { versioned } from '../redis/keys.ts';

export interface ModelState {
  /** 0, or about the moment of the latest purge: epoch ms. */
  readonly version: number;
  /** Since when scores are known to depend on their companions: epoch ms; 0: they are not. */
  readonly dependentSince: number;
}

/** Of all apps that share the prefix; and two numbers of a clock. */
const MOST_MODELS = 1000;
const MOST_LETTERS = 40;

/**
 * KEYS: states. ARGV: time to keep them (ms), how far ahead of Redis' clock a number may lie (ms), then triples of model, version and
 * since when its scores depend on companions: 0 and 0 when nothing is known. Both sides take what is later. Whatever else is
 * found there is no state, and is written anew. Reply: for each of these models \`version since\`, or an empty string.
 */
const EXCHANGE = `
-- More than there can be models: others have written there, and processes tell again what they know.
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
  /** Where processes share them; undefined: this one is alone. */
  readonly shared:
    | { readonly commands: Commands; readonly channel: Channel; readonly prefix: string }
    | undefined;
  /** The longest that a score is kept anywhere, milliseconds: no state is forgotten sooner. */
  readonly scoreLifeMs: number;
  /** Told when this process learns, be it by itself or from another, that a model's scores depend on companions. */
  readonly onDependent?: (model: string) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

const TOPIC = 'model';
const NONE: ModelState = { version: 0, dependentSince: 0 };

/**
 * Both numbers are moments of a clock, or one more than others believed. What lies further ahead is not believed: no purge
 * could go beyond it. Milliseconds.
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
      // Redis, whose clock may be right where this one is not, tells of it in the next beat.
      if (state !== undefined && state.version < this.#now() + AHEAD_MS) this.#raise(model, state);
    });
    shared?.channel.onOpen(() => void this.exchange().catch(() => {}));
  }

  of(model: string): ModelState {
    return this.#known.get(model) ?? NONE;
  }

  /**
   * Leaves a model's scores behind, and what was found of them: here at once, and in all processes; rejects when they can't
   * be told now, or Redis does not know of it afterwards.
   */
  async advance(model: string): Promise<void> {
    // A clock, so that a version that was lost with Redis is not used a second time.
    const version = Math.max(this.#now(), this.of(model).version + 1);
    this.#raise(model, { version, dependentSince: 0 });
    await this.#tell(model);
    if (this.of(model).version < version) throw new Error('The version has not gone up.');
  }

  /** Takes note that a model's scores depend on their companions. Rejects when only this process could be told. */
  async foundDependent(model: string): Promise<void> {
    this.#raise(model, { version: this.of(model).version, dependentSince: Math.max(1, this.#now()) });
    await this.#tell(model);
  }

  /** Tells Redis what it does not know, and hears what this process does not; rejects when Redis does. */
  async exchange(): Promise<void> {
    await this.#exchange();
  }

  async #tell(model: string): Promise<void> {
    const { shared } = this.#options;
    if (shared === undefined) return;
    const { version } = this.of(model);
    const kept = await this.#exchange();
    // Seen, and not only not refused.
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
    if (state.dependentSince > 0) this.#options.onDependent?.(model);
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
