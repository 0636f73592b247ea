/** Where the processes of a fleet leave their snapshots for one another. */

import type { Commands, Script } from '../redis/commands.ts';
import { failureOf } from '../redis/failure.ts';
import { versioned } from '../redis/keys.ts';
import { EXCHANGE, FORGET } from './exchange-script.ts';
import { MAX_PACKED_BYTES, NOTHING } from './snapshot.ts';

export interface ExchangeOptions {
  /** May be shared with others: snapshots are small, and connections few. */
  readonly commands: Commands;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  readonly dyno: string;
  /** Milliseconds for which a snapshot is shown after its process has fallen silent. */
  readonly freshMs: number;
}

export interface Offer {
  readonly snapshot: Buffer;
  /** Whether this process has served anybody. */
  readonly serving: boolean;
  /** Whether the others' snapshots are wanted. */
  readonly wanted: boolean;
}

export interface Other {
  readonly dyno: string;
  /** Which of its records it is. */
  readonly stamp: string;
  readonly snapshot: Buffer;
}

export interface Exchanged {
  /** The claim of the process that speaks for this name; undefined when that is this one. */
  readonly successor: string | undefined;
  /** Fresh records but the own one, by the names of their dynos. */
  readonly others: readonly Other[];
  /** Records that were no such thing, or too many. */
  readonly skipped: number;
  /** What former owners of this name have counted since they ceased to be: by their claims, packed. */
  readonly handovers: ReadonlyMap<string, Buffer>;
}

/**
 * For each of the two commands of an exchange: a scrape must be answered within 300 ms when Redis hangs, and one that
 * hangs is known by the first of them. Milliseconds.
 */
const TIMEOUT_MS = 150;

/** No restart of Redis or of the fleet takes so long: what remains then is of use to nobody. Milliseconds. */
const KEEP_MS = 3_600_000;

type Reply = [claim: Buffer, owner: Buffer, skipped: number, others: Buffer[], left: Buffer[]];

/** Nothing here rejects: what Redis fails to do is undefined, or false. */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #script: Script;
  readonly #forget: Script;
  readonly #keys: readonly [snapshots: string, handovers: string];
  #claim = '0';
  /** What Redis is known to hold of this process, nothing when that is not known, and when others cease to tell it. */
  #kept: { readonly snapshot: Buffer; readonly until: number };

  constructor(options: ExchangeOptions) {
    const { commands, prefix, dyno } = options;
    this.#options = options;
    this.#script = commands.script('metricsExchange', 2, EXCHANGE);
    this.#forget = commands.script('metricsForget', 1, FORGET);
    // A former process of this name may still be told of.
    this.#kept = this.#keep(NOTHING);
    const key = `${prefix}{${versioned('metrics')}}`;
    this.#keys = [key, `${key}:${dyno}`];
  }

  /**
   * What others may tell of this process now: nothing when that is not known; undefined when it has been silent for so
   * long that they do not.
   */
  get shown(): Buffer | undefined {
    return performance.now() < this.#kept.until ? this.#kept.snapshot : undefined;
  }

  /** Leaves a snapshot, unless a newer process speaks for this name, and brings what is there. Two round trips. */
  async trade(offer: Offer): Promise<Exchanged | undefined> {
    return this.#options.commands.attempt('metrics', async () => {
      const by = await this.#expiry();
      const answer = this.#send(offer, by).then((reply) => this.#exchanged(offer, reply));
      // Redis may have taken it, and only the answer was lost.
      answer.catch((thrown) => {
        if (failureOf(thrown).kind === 'outage') this.#kept = this.#keep(NOTHING);
      });
      return within(TIMEOUT_MS, answer);
    });
  }

  /**
   * Until when an offer that is sent now is good: microseconds of Redis' clock, never later than it is given up here. A
   * process that was busy reads Redis' time when it is long over, and asks for it once more.
   */
  async #expiry(again = true): Promise<number> {
    const asked = performance.now();
    const [seconds, micros] = await within(TIMEOUT_MS, this.#options.commands.client.time());
    if (again && performance.now() - asked > TIMEOUT_MS) return this.#expiry(false);
    return 1e6 * Number(seconds) + Number(micros) + 1000 * TIMEOUT_MS;
  }

  #send({ snapshot, serving, wanted }: Offer, by: number): Promise<Reply> {
    const { dyno, freshMs } = this.#options;
    const terms = [1000 * freshMs, MAX_PACKED_BYTES, KEEP_MS, by];
    return this.#script.bytes(
      ...this.#keys,
      dyno,
      this.#claim,
      Number(serving),
      snapshot,
      Number(wanted),
      ...terms,
    ) as Promise<Reply>;
  }

  /** Reached by an answer that comes after the time-out too: then at least it is known what Redis holds. */
  #exchanged({ snapshot }: Offer, [claim, owner, skipped, others, left]: Reply): Exchanged {
    const successor = owner.equals(claim) ? undefined : owner.toString();
    this.#claim = claim.toString();
    this.#kept = this.#keep(successor === undefined ? snapshot : NOTHING);
    return {
      successor,
      others: rows(others, 3).map(([dyno, stamp, snapshot]) => ({
        dyno: dyno!.toString(),
        stamp: stamp!.toString(),
        snapshot: snapshot!,
      })),
      skipped,
      handovers: new Map(rows(left, 2).map(([former, counts]) => [former!.toString(), counts!])),
    };
  }

  #keep(snapshot: Buffer): { snapshot: Buffer; until: number } {
    return { snapshot, until: performance.now() + this.#options.freshMs };
  }

  /** Leaves counts to the process that speaks for this name now, in place of what was left to it before. */
  async handOver(successor: string, counts: Buffer): Promise<boolean> {
    const { commands } = this.#options;
    const [, key] = this.#keys;
    const done = await commands.attempt('metrics', () =>
      within(
        TIMEOUT_MS,
        commands.client.multi().hset(key, `${successor} ${this.#claim}`, counts).pexpire(key, KEEP_MS).exec(),
      ),
    );
    return done !== undefined;
  }

  /** Deletes what was left to this process and is no snapshot, by the claims of who left it. */
  async disown(formers: readonly string[]): Promise<void> {
    const { commands } = this.#options;
    const [, key] = this.#keys;
    const names = formers.map((former) => `${this.#claim} ${former}`);
    await commands.attempt('metrics', () => within(TIMEOUT_MS, commands.client.hdel(key, ...names)));
  }

  /** Deletes records that were no snapshots, unless there are newer ones. */
  async forget(foreign: readonly Other[]): Promise<void> {
    const [key] = this.#keys;
    const records = foreign.flatMap(({ dyno, stamp }) => [dyno, stamp]);
    await this.#options.commands.attempt('metrics', () =>
      within(TIMEOUT_MS, this.#forget.text(key, ...records)),
    );
  }
}

/** A flat list, so many at a time. */
const rows = (flat: readonly Buffer[], width: number): Buffer[][] =>
  Array.from({ length: Math.floor(flat.length / width) }, (_, i) => flat.slice(i * width, (i + 1) * width));

/**
 * Rejects when there is no answer after so many milliseconds. What has arrived by then is read first: a process that was
 * busy for that long would take its own delay for Redis', and a scrape would miss the rest of the fleet.
 */
const within = <T>(ms: number, answer: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error('Redis: timed out.'));
    const timer = setTimeout(() => setImmediate(giveUp), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
