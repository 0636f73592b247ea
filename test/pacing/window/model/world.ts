/** A world for windows: its own clock, a Redis that can fail in every way, processes that call, and an upstream that counts. */

import { BEAT_MS } from '../../../../src/pacing/window/alone.ts';
import { FleetWindow } from '../../../../src/pacing/window/fleet-window.ts';
import { RedisWindow } from '../../../../src/pacing/window/redis-window.ts';
import type { CallOutcome, Grant, Line, WindowRules } from '../../../../src/pacing/window/window.ts';
import { LuaRedis, Store } from './lua.ts';

/** A command that takes longer than that has failed, and a lost connection is there again after that. Milliseconds. */
const COMMAND_TIMEOUT_MS = 1000;
const RECONNECT_MS = 250;

export type Random = () => number;

/** Whether answers say how many calls the upstream would still take. */
export type Says = 'remaining' | 'nothing' | 'sometimes';

/** Events in the order of their time. What they set in motion runs before the next. */
class Clock {
  now = 0;
  readonly #events: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  after(ms: number, run: () => void): void {
    const event = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    let place = this.#events.length;
    while (place > 0 && this.#events[place - 1]!.at > event.at) place--;
    this.#events.splice(place, 0, event);
  }

  async runUntil(end: number): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      const next = this.#events[0];
      if (next === undefined || next.at > end) break;
      this.#events.shift();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
}

export class World {
  readonly clock = new Clock();
  /** Moments at which the upstream counted a call, and its tokens. */
  readonly counted: number[] = [];
  readonly costs: number[] = [];
  readonly processes: Process[] = [];
  readonly rules: WindowRules;
  readonly random: Random;
  readonly says: Says;
  /** Bytes of the largest command that was sent to Redis. */
  largestCommand = 0;
  /** Until then every answer is an error without any header. */
  illUntil = 0;
  readonly #store = new Store(() => 1e15 + Math.round(this.clock.now * 1000));
  readonly #lua = new LuaRedis(this.#store);
  #redis: 'up' | 'frozen' | 'down' = 'up';
  #atRest: (() => void)[] = [];
  #connections = new Set<Connection>();

  constructor(rules: WindowRules, random: Random, says: Says = 'remaining') {
    this.rules = rules;
    this.random = random;
    this.says = says;
  }

  flush(): void {
    this.#store.flush();
  }

  freeze(): void {
    this.#redis = 'frozen';
  }

  thaw(): void {
    this.#redis = 'up';
    for (const run of this.#atRest.splice(0)) run();
  }

  /** Nobody reaches it. @param forgets it comes back empty */
  down(forgets: boolean): void {
    this.#redis = 'down';
    this.#atRest = [];
    if (forgets) this.flush();
    for (const connection of this.#connections) connection.cut();
  }

  up(): void {
    this.#redis = 'up';
  }

  get reachable(): boolean {
    return this.#redis !== 'down';
  }

  connect(): Connection {
    const connection = new Connection(this, (script, keys, args, reply) => {
      const run = () => reply(this.#lua.eval(script, keys, args));
      if (this.#redis === 'frozen') this.#atRest.push(run);
      else if (this.#redis === 'up') run();
    });
    this.#connections.add(connection);
    return connection;
  }

  start(demand: Demand): Process {
    const process = new Process(this, demand, `p${this.processes.length}`);
    this.processes.push(process);
    return process;
  }

  /** From now on for so long, the upstream fails: it counts calls, and answers 500 or not at all. */
  fallIll(ms: number): void {
    this.illUntil = this.clock.now + ms;
  }

  /** A call arrives, and is counted. @returns what the upstream says it would still take */
  count(tokens: number): Pick<CallOutcome, 'remaining' | 'remainingTokens'> {
    const { now } = this.clock;
    this.counted.push(now);
    this.costs.push(tokens);
    const { limit, tokenLimit, windowMs } = this.rules;
    const first = this.counted.findIndex((at) => at > now - windowMs);
    const cost = this.costs.slice(first).reduce((sum, each) => sum + each, 0);
    return {
      remaining: Math.max(0, limit - (this.counted.length - first)),
      ...(tokenLimit === undefined ? {} : { remainingTokens: Math.max(0, tokenLimit - cost) }),
    };
  }
}

type Execute = (
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
  reply: (value: unknown) => void,
) => void;

/** One process's connection, as the client library has it: commands in order, each answered in time or failed. */
class Connection {
  readonly #world: World;
  readonly #execute: Execute;
  readonly #pending = new Set<(error: Error) => void>();
  #open = true;
  #lastArrival = 0;

  constructor(world: World, execute: Execute) {
    this.#world = world;
    this.#execute = execute;
    this.#open = world.reachable;
    if (!this.#open) this.#reconnect();
  }

  defineCommand(name: string, { lua, numberOfKeys = 0 }: { lua?: string; numberOfKeys?: number }): void {
    (this as unknown as Record<string, unknown>)[name] = (...args: (string | number)[]) =>
      this.#send(lua!, args.slice(0, numberOfKeys).map(String), args.slice(numberOfKeys));
  }

  cut(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const fail of [...this.#pending]) fail(new Error('connection lost'));
    this.#reconnect();
  }

  #reconnect(): void {
    this.#world.clock.after(RECONNECT_MS * this.#world.random(), () => {
      if (this.#world.reachable) this.#open = true;
      else this.#reconnect();
    });
  }

  #send(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const { clock, random } = this.#world;
    this.#world.largestCommand = Math.max(this.#world.largestCommand, args.join('').length);
    return new Promise((resolve, reject) => {
      if (!this.#open) return reject(new Error('not connected'));
      const fail = (error: Error): void => {
        this.#pending.delete(fail);
        reject(error);
      };
      this.#pending.add(fail);
      // One connection: what is sent later arrives later.
      this.#lastArrival = Math.max(this.#lastArrival, clock.now + 3 * random());
      clock.after(this.#lastArrival - clock.now, () => {
        if (!this.#pending.has(fail) && !this.#open) return;
        this.#execute(script, keys, args, (value) => {
          clock.after(3 * random(), () => {
            this.#pending.delete(fail);
            resolve(value);
          });
        });
      });
      clock.after(COMMAND_TIMEOUT_MS, () => {
        if (this.#pending.has(fail)) fail(new Error('timed out'));
      });
    });
  }
}

export interface Demand {
  /** Calls that want to start at this moment. */
  readonly calls: () => number;
  readonly latencyMs: () => number;
  /** The upstream counts a call so much later than it is sent, milliseconds; at most its latency. */
  readonly countMs: () => number;
  /** What the next call is taken to cost at most, and the least share of that which it may cost. */
  readonly tokens?: () => number;
  readonly leastShare?: number;
}

/** One gateway, as far as its window is concerned. */
export class Process {
  readonly window: FleetWindow;
  readonly #world: World;
  readonly #demand: Demand;
  #alive = true;
  /** What those cost that wait, the first of them. */
  readonly #waiting: number[] = [];
  granted = 0;

  constructor(world: World, demand: Demand, name: string) {
    this.#world = world;
    this.#demand = demand;
    const { rules, clock } = world;
    const now = (): number => clock.now;
    const shared = new RedisWindow({
      client: world.connect(),
      prefix: '',
      attachment: 'A',
      model: 'm',
      rules,
      process: name,
      now,
    });
    this.window = new FleetWindow({ shared, rules, now });
    const beat = (): void => {
      if (!this.#alive) return;
      void this.window.beat();
      clock.after(BEAT_MS, beat);
    };
    const due = (): number => this.#costs(1)[0]!;
    this.window.attach({ due, line: () => this.#line(), adopt: () => {}, wake: () => {} });
    clock.after(0, beat);
    clock.after(1, () => void this.#serve());
  }

  /** SIGKILL: what was sent is on its way, and nobody hears of it any more. */
  kill(): void {
    this.#alive = false;
  }

  #line(): Line {
    const calls = this.#demand.calls();
    const costs = this.#costs(calls);
    const first = costs.map((tokens) => ({ urgency: 3, waitedMs: 100, tokens }));
    const tokens = costs.reduce((sum, each) => sum + each, 0);
    return [{ client: 'c', weight: 1, calls, tokens, arrived: 0, first }];
  }

  #costs(calls: number): number[] {
    while (this.#waiting.length < calls) this.#waiting.push(this.#demand.tokens?.() ?? 0);
    return this.#waiting.slice(0, calls);
  }

  async #serve(): Promise<void> {
    while (this.#alive) {
      const waiting = this.#demand.calls();
      if (waiting === 0) {
        await this.#sleep(20);
        continue;
      }
      // As before every call that comes: what it has to expect, whatever has just happened to the window.
      const start = this.window.schedules(this.#demand.latencyMs()).calls.startOf(waiting);
      if (!Number.isFinite(start) || start < 0) throw new Error(`nobody can start in ${start} ms`);
      const admission = await this.window.admit(waiting);
      if (!this.#alive) return;
      if ('retryInMs' in admission) await this.#sleep(Math.max(1, Math.ceil(admission.retryInMs)));
      else for (const grant of admission.grants) this.#call(grant);
    }
  }

  #call({ entry, tokens: most }: Grant): void {
    const { clock, says, random } = this.#world;
    const latency = this.#demand.latencyMs();
    const [taken = 0] = this.#costs(1);
    // Another has taken its place since it was told of.
    if (taken > most) {
      entry.cancel();
      return;
    }
    this.#waiting.shift();
    const { leastShare = 0.5 } = this.#demand;
    const tokens = Math.ceil(taken * (leastShare + (1 - leastShare) * random()));
    let left: ReturnType<World['count']> = {};
    this.granted++;
    const countAfter = Math.min(latency, this.#demand.countMs());
    clock.after(countAfter, () => {
      left = this.#world.count(tokens);
      clock.after(latency - countAfter, () => {
        if (!this.#alive) return;
        const ill = clock.now < this.#world.illUntil;
        const tells = !ill && (says === 'remaining' || (says === 'sometimes' && random() < 0.3));
        const cost = ill ? {} : { tokens };
        entry.complete({ answered: !ill || random() < 0.5, ...cost, ...(tells ? left : {}) });
      });
    });
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.clock.after(ms, resolve));
  }
}
