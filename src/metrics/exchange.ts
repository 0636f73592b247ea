/** The exchange of snapshots between the processes of a fleet, through Redis. */

import type { Commands, Script } from '../redis/commands.ts';
import { failureOf } from '../redis/failure.ts';
import { versioned } from '../redis/keys.ts';
import { EXCHANGE, FORGET } from './exchange-script.ts';
import { MAX_PACKED_BYTES, NOTHING } from './snapshot.ts';

export interface ExchangeOptions {
  /** May be shared with other uses: snapshots are small, and connections are few. */
  readonly commands: Commands;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  readonly dyno: string;
  /** Milliseconds for which a snapshot is shown after its process has stopped publishing. */
  readonly freshMs: number;
}

export interface Offer {
  readonly snapshot: Buffer;
  /** Whether this process has served a request. */
  readonly serving: boolean;
  /** Whether the others' snapshots are wanted. */
  readonly wanted: boolean;
}

export interface Other {
  readonly dyno: string;
  /** Identifies the record among those of its dyno. */
  readonly stamp: string;
  readonly snapshot: Buffer;
}

export interface Exchanged {
  /** The claim of the process that owns this name; undefined: this process does. */
  readonly successor: string | undefined;
  /** The fresh records of the other dynos. */
  readonly others: readonly Other[];
  /** The number of records that were invalid, or too many. */
  readonly skipped: number;
  /** The counts of former owners of this name since they lost it: packed, by their claims. */
  readonly handovers: ReadonlyMap<string, Buffer>;
}

/**
 * For each of the two commands of an exchange, milliseconds: a scrape must be answered within 300 ms when Redis hangs, and
 * the first command shows whether it does.
 */
const TIMEOUT_MS = 150;

/** No restart of Redis or of the fleet takes so long: records that are left then are useless. Milliseconds. */
const KEEP_MS = 3_600_000;

type Reply = [claim: Buffer, owner: Buffer, skipped: number, others: Buffer[], left: Buffer[]];

/** No method rejects: when Redis fails, the result is undefined, or false. */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #script: Script;
  readonly #forget: Script;
  readonly #keys: readonly [snapshots: string, handovers: string];
  #claim = '0';
  /** The snapshot that Redis holds for this process (`NOTHING` when unknown), and until when others show it. */
  #kept: { readonly snapshot: Buffer; readonly until: number };

  constructor(options: ExchangeOptions) {
    const { commands, prefix, dyno } = options;
    this.#options = options;
    this.#script = commands.script('metricsExchange', 2, EXCHANGE);
    this.#forget = commands.script('metricsForget', 1, FORGET);
    // Others may still show the snapshot of a former process of this name.
    this.#kept = this.#keep(NOTHING);
    const key = `${prefix}{${versioned('metrics')}}`;
    this.#keys = [key, `${key}:${dyno}`];
  }

  /**
   * The snapshot that others may show for this process now: `NOTHING` when it is unknown; undefined when this process has not
   * published for so long that they show none.
   */
  get shown(): Buffer | undefined {
    return performance.now() < this.#kept.until ? this.#kept.snapshot : undefined;
  }

  /** Publishes a snapshot, unless a newer process owns this name, and reads the others'. Two round trips. */
  async trade(offer: Offer): Promise<Exchanged | undefined> {
    return this.#options.commands.attempt('metrics', async () => {
      const by = await this.#expiry();
      const answer = this.#send(offer, by).then((reply) => this.#exchanged(offer, reply));
      // Redis may have accepted it, and only the answer was lost.
      answer.catch((thrown) => {
        if (failureOf(thrown).kind === 'outage') this.#kept = this.#keep(NOTHING);
      });
      return within(TIMEOUT_MS, answer);
    });
  }

  /**
   * When an offer that is sent now expires: microseconds of Redis' clock, never later than this process gives it up. A busy
   * process may read the answer so late that Redis' time is long past: then it reads the time once more.
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

  /** Called for an answer after the time-out, too: it still says what Redis holds. */
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

  /** Leaves counts to the process that owns this name now. They replace those that were left to it before. */
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

  /** Deletes invalid records that were left to this process. @param formers the claims of the processes that left them */
  async disown(formers: readonly string[]): Promise<void> {
    const { commands } = this.#options;
    const [, key] = this.#keys;
    const names = formers.map((former) => `${this.#claim} ${former}`);
    await commands.attempt('metrics', () => within(TIMEOUT_MS, commands.client.hdel(key, ...names)));
  }

  /** Deletes invalid records, unless there are newer ones. */
  async forget(foreign: readonly Other[]): Promise<void> {
    const [key] = this.#keys;
    const records = foreign.flatMap(({ dyno, stamp }) => [dyno, stamp]);
    await this.#options.commands.attempt('metrics', () =>
      within(TIMEOUT_MS, this.#forget.text(key, ...records)),
    );
  }
}

/** Splits a flat list into rows of `width`. */
const rows = (flat: readonly Buffer[], width: number): Buffer[][] =>
  Array.from({ length: Math.floor(flat.length / width) }, (_, i) => flat.slice(i * width, (i + 1) * width));

/**
 * Rejects when there is no answer after so many milliseconds. Bytes that have arrived by then are read first: a process that
 * was busy would take its own delay for Redis', and a scrape would miss the rest of the fleet.
 */
const within = <T>(ms: number, answer: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error('Redis: timed out.'));
    const timer = setTimeout(() => setImmediate(giveUp), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
