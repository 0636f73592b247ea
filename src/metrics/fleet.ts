/**
 * The metrics of all processes, whichever is asked. Behind a router a scrape reaches any of them; if each answered for
 * itself alone, the scraper would see one series jump between the counts of all.
 *
 * A counter that falls passes for a restart, and all of it is counted again. So a process tells of itself only what the
 * next answer, whoever gives it, cannot undercut: counts that Redis has taken from it. While Redis fails it goes on with
 * the last of these, until the others have dropped them too; then nobody else tells of it, and what it tells is its own
 * affair. It begins like that as well: until then they may tell of its predecessor. And where it can't know what they
 * tell, because an answer was lost with the connection, it tells no counts for that long: a gap is no restart.
 *
 * What remains: a Redis that comes back with older snapshots than it had acknowledged.
 */

import { increase, plus, withCountsOf } from './counts.ts';
import { Exchange, type Exchanged, type ExchangeOptions } from './exchange.ts';
import { type Families, renderText } from './families.ts';
import { pack, Unpacker } from './snapshot.ts';

export interface FleetMetricsOptions extends Omit<ExchangeOptions, 'freshMs'> {
  /** All families of the own registry. */
  readonly own: () => Promise<Families>;
  /** Told of snapshots that were none, or too many. */
  readonly onSkipped: (count: number) => void;
  readonly heartbeatMs?: number;
  readonly freshMs?: number;
}

/** How often a process is heard of when nobody scrapes it: a crash loses what it counted since. Milliseconds. */
const HEARTBEAT_MS = 5000;

/**
 * Longer than the usual 15 s between two scrapes, so that one of them sees the last words of a process that has ended;
 * and three heartbeats in a row may be lost. Milliseconds.
 */
const FRESH_MS = 20_000;

export class FleetMetrics {
  readonly #options: FleetMetricsOptions;
  readonly #exchange: Exchange;
  readonly #timer: NodeJS.Timeout;
  #serving = false;
  /** What former processes of this name have counted since this one took over, by their claims. */
  readonly #handovers = new Map<string, Families>();
  /** Dynos that were told of last. */
  #known: ReadonlySet<string> = new Set();
  /** What Redis has got last, be it for a successor. */
  #told: Families | undefined;
  /** The process that took over from this one, and what was told by then. */
  #successor: { readonly claim: string; readonly told: Families } | undefined;

  constructor(options: FleetMetricsOptions) {
    const { commands, heartbeatMs = HEARTBEAT_MS, freshMs = FRESH_MS } = options;
    this.#options = options;
    this.#exchange = new Exchange({ ...options, freshMs });
    this.#timer = setInterval(this.#beat, heartbeatMs).unref();
    // At the start, and at once when Redis is back, maybe empty.
    commands.client.on('ready', this.#beat);
    if (commands.client.status === 'ready') this.#beat();
  }

  /** A request was served here: from now on this process is the one that its dyno's name stands for. */
  serving(): void {
    this.#serving = true;
  }

  /** The whole fleet's text, or the own when Redis fails. */
  async render(): Promise<string> {
    this.#serving = true;
    const { own, reply } = await this.#publish(true);
    if (reply === undefined) return this.#alone(own);
    const { dyno } = this.#options;
    const dynos = reply.successor === undefined ? [{ dyno, families: own }] : [];
    return textOf(own, [...dynos, ...this.#readOthers(reply, new Unpacker(own))]);
  }

  /** Leaves the last counts, and is not heard of any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#options.commands.client.off('ready', this.#beat);
    await this.#publish(false);
  }

  /**
   * Gauges of this moment, since now they tell that Redis is down.
   * @param offered in vain; not what was counted since, because an offer made meanwhile may yet be taken with less
   */
  async #alone(offered: Families): Promise<string> {
    const now = await this.#whole();
    const { shown } = this.#exchange;
    const told = shown && new Unpacker(now).read(shown);
    const counted = typeof told === 'object' ? told : offered;
    return textOf(now, [{ dyno: this.#options.dyno, families: withCountsOf(counted, now) }]);
  }

  readonly #beat = (): void => void this.#publish(false);

  /** @param wanted whether the others' snapshots are */
  async #publish(wanted: boolean): Promise<{ own: Families; reply: Exchanged | undefined }> {
    const own = await this.#whole();
    const reply = await this.#exchange.trade({ snapshot: pack(own), serving: this.#serving, wanted });
    if (reply === undefined) return { own, reply };
    this.#options.onSkipped(reply.skipped);
    this.#readHandovers(reply, new Unpacker(own));
    if (reply.successor === undefined) this.#told = own;
    else await this.#handOver(reply.successor, own);
    return { own, reply };
  }

  /** The own registry's, with what was left to this process. */
  async #whole(): Promise<Families> {
    return [...this.#handovers.values()].reduce(plus, await this.#options.own());
  }

  /**
   * What is counted after another process has taken over is left to that one, all of it each time: told twice, it still
   * counts once, and a series goes on to the end of the last request.
   */
  async #handOver(claim: string, own: Families): Promise<void> {
    if (this.#told === undefined) return;
    if (this.#successor?.claim !== claim) this.#successor = { claim, told: this.#told };
    const counts = increase(this.#successor.told, own);
    if (counts.size === 0 || (await this.#exchange.handOver(claim, pack(counts)))) this.#told = own;
  }

  /** What is no snapshot will never be one, and goes. Where there is too much to read, those that are known go first. */
  #readOthers({ others }: Exchanged, unpacker: Unpacker): { dyno: string; families: Families }[] {
    const [known, news] = [
      others.filter(({ dyno }) => this.#known.has(dyno)),
      others.filter(({ dyno }) => !this.#known.has(dyno)),
    ];
    const read = [...known, ...news].map((other) => ({ ...other, families: unpacker.read(other.snapshot) }));
    const foreign = read.filter(({ families }) => families === 'foreign');
    if (foreign.length > 0) void this.#exchange.forget(foreign);
    const told = read.flatMap(({ dyno, families }) =>
      typeof families === 'object' ? [{ dyno, families }] : [],
    );
    this.#options.onSkipped(read.length - told.length);
    this.#known = new Set(told.map(({ dyno }) => dyno));
    return told.sort((a, b) => (a.dyno < b.dyno ? -1 : 1));
  }

  #readHandovers({ handovers }: Exchanged, unpacker: Unpacker): void {
    let skipped = 0;
    const foreign: string[] = [];
    for (const [former, counts] of handovers) {
      const handover = unpacker.read(counts);
      if (handover === 'foreign') foreign.push(former);
      // Those of the first ones that were heard of: to drop one would make this process's counts fall.
      const known = this.#handovers.has(former) || this.#handovers.size < MOST_HANDOVERS;
      if (typeof handover === 'object' && known) this.#handovers.set(former, handover);
      else skipped++;
    }
    if (foreign.length > 0) void this.#exchange.disown(foreign);
    this.#options.onSkipped(skipped);
  }
}

/** No dyno is restarted so often while an older process of it still has something to tell. */
const MOST_HANDOVERS = 16;

/** @param own tells how each family is described */
const textOf = (own: Families, dynos: readonly { dyno: string; families: Families }[]): string =>
  renderText(
    [...own.values()].map(({ shape }) => shape),
    dynos,
  );
