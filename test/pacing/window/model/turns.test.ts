/** The order in which several processes are served is the one in which a single fair queue would serve. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairQueue, type Place } from '../../../../src/pacing/queue/fair-queue.ts';
import { FleetWindow } from '../../../../src/pacing/window/fleet-window.ts';
import { RedisWindow } from '../../../../src/pacing/window/redis-window.ts';
import { type Line, sizeOf, type WindowRules } from '../../../../src/pacing/window/window.ts';
import { LuaRedis, Store } from './lua.ts';

/** Nobody's calls, which are made in the background, take turns like any others. */
const WEIGHTS: Readonly<Record<string, number>> = { a: 1, b: 2, c: 0.5, d: 4, '': 1 };
const CREDIT = 2;

/** What is taken is given back at once: each time there is room for one call alone, be it for its tokens. */
const RULES: WindowRules = { limit: 1, windowMs: 1000, callTimeoutMs: 1000 };
const TOKEN_RULES: WindowRules = { ...RULES, limit: 5, tokenLimit: 1000 };

interface Call extends Place {
  readonly name: number;
  readonly process: number;
  readonly since: number;
}

class Fleet {
  now = 0;
  readonly waiting: Call[] = [];
  readonly #windows: FleetWindow[];

  constructor(processes: number, rules: WindowRules) {
    const lua = new LuaRedis(new Store(() => 1e15 + Math.round(this.now * 1000)));
    const client = {
      defineCommand(
        name: string,
        { lua: script, numberOfKeys = 0 }: { lua?: string; numberOfKeys?: number },
      ) {
        (this as unknown as Record<string, unknown>)[name] = async (...args: (string | number)[]) =>
          lua.eval(script!, args.slice(0, numberOfKeys).map(String), args.slice(numberOfKeys));
      },
    };
    this.#windows = Array.from({ length: processes }, (_, i) => {
      const shared = new RedisWindow({
        client: client as never,
        prefix: '',
        attachment: 'A',
        model: 'm',
        credit: CREDIT,
        rules,
        process: `p${i}`,
        now: () => this.now,
      });
      const window = new FleetWindow({ shared, rules, now: () => this.now });
      window.attach({ due: () => 0, line: () => this.#line(i), adopt: () => {}, wake: () => {} });
      return window;
    });
  }

  /** Nothing is cold any more, and nobody has just come. */
  async warmUp(): Promise<void> {
    for (const ms of [5000, 1000]) {
      for (const window of this.#windows) await window.refresh();
      this.now += ms;
    }
  }

  async push(call: Omit<Call, 'since'>): Promise<void> {
    this.waiting.push({ ...call, since: this.now });
    this.now += 1;
    await this.#windows[call.process]!.refresh();
  }

  /** Whom of those that ask, each in turn from the given one on, a place is granted to. */
  async serve(from: number): Promise<number | undefined> {
    const count = this.#windows.length;
    for (let turn = 0; turn < count && this.waiting.length > 0; turn++) {
      const process = (from + turn) % count;
      const window = this.#windows[process]!;
      if (!this.waiting.some((call) => call.process === process)) continue;
      const admission = await window.admit(1);
      if ('retryInMs' in admission) continue;
      const { entry, client } = admission.grants[0]!;
      const served = this.#of(process).find((call) => call.client === client)!;
      this.waiting.splice(this.waiting.indexOf(served), 1);
      entry.cancel();
      await window.refresh();
      return served.name;
    }
    return undefined;
  }

  #of(process: number): Call[] {
    return this.waiting
      .filter((call) => call.process === process)
      .sort((x, y) => x.urgency - y.urgency || x.since - y.since);
  }

  #line(process: number): Line {
    return Object.entries(WEIGHTS).flatMap(([client, weight]) => {
      const calls = this.#of(process).filter((call) => call.client === client);
      const first = calls.map(({ urgency, tokens, since }) => ({
        urgency,
        tokens,
        waitedMs: this.now - since,
      }));
      const tokens = calls.reduce((sum, call) => sum + (call.tokens ?? 0), 0);
      return calls.length === 0 ? [] : [{ client, weight, calls: calls.length, tokens, arrived: 0, first }];
    });
  }
}

const PROCESSES = 3;
const pushes = fc.record({
  kind: fc.constant('push' as const),
  process: fc.nat(PROCESSES - 1),
  client: fc.constantFrom(...Object.keys(WEIGHTS)),
  urgency: fc.integer({ min: -1, max: 7 }),
  tokens: fc.integer({ min: 501, max: 1000 }),
});
const services = fc.record({ kind: fc.constant('serve' as const), from: fc.nat(PROCESSES - 1) });
const lives = fc.array(fc.oneof({ weight: 3, arbitrary: pushes }, { weight: 2, arbitrary: services }), {
  maxLength: 40,
});

test.each([
  ['counted in calls', RULES],
  ['counted in the tokens of calls', TOKEN_RULES],
])(
  'processes that share a window serve their clients in the order of one fair queue, %s',
  async (_, rules) => {
    await fc.assert(
      fc.asyncProperty(lives, async (life) => {
        const fleet = new Fleet(PROCESSES, rules);
        const queue = new FairQueue<Call>({
          weightOf: (client) => WEIGHTS[client]!,
          credit: CREDIT,
          sizeOf: (tokens) => sizeOf(tokens, rules),
        });
        await fleet.warmUp();
        for (const [name, event] of life.entries()) {
          if (event.kind === 'push') {
            const call = { ...event, name };
            queue.push({ ...call, since: 0 });
            await fleet.push(call);
          } else expect(await fleet.serve(event.from)).toBe(queue.shift()?.name);
        }
        while (queue.size > 0) expect(await fleet.serve(0)).toBe(queue.shift()!.name);
        expect(fleet.waiting).toHaveLength(0);
      }),
      { numRuns: 60 },
    );
  },
);
