/**
 * The metrics of all processes, whichever process is scraped. Behind a router a scrape reaches any of them; if each answered
 * with its own metrics only, the scraper would see one series jump between the counts of all.
 *
 * A counter that falls looks like a restart, and all of it is counted again. So a process shows for itself only counts that
 * the next answer, from whichever process, cannot fall below: those that Redis has accepted from it. While Redis fails, it
 * goes on with the last of these until the others have dropped them, too; then no other process shows it, and it shows its
 * present counts. It starts in the same way, since others may still show its predecessor. When it does not know what they
 * show, because an answer was lost with the connection, it shows no counts for that long: a gap is no restart.
 *
 * One case remains: a Redis that comes back with older snapshots than it had acknowledged.
 */

import { increase, plus, withCountsOf } from './counts.ts';
import { Exchange, type Exchanged, type ExchangeOptions } from './exchange.ts';
import { type Families, type OfDyno, renderText } from './families.ts';
import { pack, Unpacker } from './snapshot.ts';

export interface FleetMetricsOptions extends Omit<ExchangeOptions, 'freshMs'> {
  /** All families of this process's registry. */
  readonly own: () => Promise<Families>;
  /** Called with the number of snapshots that were invalid, or too many. */
  readonly onSkipped: (count: number) => void;
  readonly heartbeatMs?: number;
  readonly freshMs?: number;
}

/** How often a process publishes when it is not scraped: a crash loses its counts since. Milliseconds. */
const HEARTBEAT_MS = 5000;

/**
 * Longer than the usual 15 s between two scrapes, so that one of them sees the last counts of a process that has ended; and
 * three heartbeats in a row may be lost. Milliseconds.
 */
const FRESH_MS = 20_000;

export class FleetMetrics {
  readonly #options: FleetMetricsOptions;
  readonly #exchange: Exchange;
  readonly #timer: NodeJS.Timeout;
  #serving = false;
  /** The counts of former processes of this name since this one took over, by their claims. */
  readonly #handovers = new Map<string, Families>();
  /** The other dynos in the latest answer. */
  #known: ReadonlySet<string> = new Set();
  /** The families that Redis has accepted last, for this process or for its successor. */
  #accepted: Families | undefined;
  /** The process that took over from this one, and what Redis had accepted by then. */
  #successor: { readonly claim: string; readonly accepted: Families } | undefined;

  constructor(options: FleetMetricsOptions) {
    const { commands, heartbeatMs = HEARTBEAT_MS, freshMs = FRESH_MS } = options;
    this.#options = options;
    this.#exchange = new Exchange({ ...options, freshMs });
    this.#timer = setInterval(this.#beat, heartbeatMs).unref();
    // At the start, and as soon as Redis is back, perhaps empty.
    commands.client.on('ready', this.#beat);
    if (commands.client.status === 'ready') this.#beat();
  }

  /** A request was served here: from now on this process owns its dyno's name. */
  serving(): void {
    this.#serving = true;
  }

  /** The whole fleet's text; this process's own when Redis fails. */
  async render(): Promise<string> {
    this.#serving = true;
    const { own, dynos } = await this.#read();
    return textOf(own, dynos);
  }

  /** What the text is made of. */
  async families(): Promise<readonly OfDyno[]> {
    return (await this.#read()).dynos;
  }

  /** Publishes the last counts, and then nothing more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#options.commands.client.off('ready', this.#beat);
    await this.#publish(false);
  }

  async #read(): Promise<{ own: Families; dynos: readonly OfDyno[] }> {
    const { own, reply } = await this.#publish(true);
    if (reply === undefined) return this.#alone(own);
    const { dyno } = this.#options;
    const dynos = reply.successor === undefined ? [{ dyno, families: own }] : [];
    return { own, dynos: [...dynos, ...this.#readOthers(reply, new Unpacker(own))] };
  }

  /**
   * This process alone. Its gauges are read now, since they show that Redis is down.
   * @param offered the families whose offer has failed; not later ones, since a concurrent offer may still be accepted with less
   */
  async #alone(offered: Families): Promise<{ own: Families; dynos: readonly OfDyno[] }> {
    const now = await this.#whole();
    const { shown } = this.#exchange;
    const families = shown && new Unpacker(now).read(shown);
    const counted = typeof families === 'object' ? families : offered;
    return { own: now, dynos: [{ dyno: this.#options.dyno, families: withCountsOf(counted, now) }] };
  }

  readonly #beat = (): void => void this.#publish(false);

  /** @param wanted whether to read the others' snapshots, too */
  async #publish(wanted: boolean): Promise<{ own: Families; reply: Exchanged | undefined }> {
    const own = await this.#whole();
    const reply = await this.#exchange.trade({ snapshot: pack(own), serving: this.#serving, wanted });
    if (reply === undefined) return { own, reply };
    this.#options.onSkipped(reply.skipped);
    this.#readHandovers(reply, new Unpacker(own));
    if (reply.successor === undefined) this.#accepted = own;
    else await this.#handOver(reply.successor, own);
    return { own, reply };
  }

  /** The families of this process's registry, with the counts that were left to it. */
  async #whole(): Promise<Families> {
    return [...this.#handovers.values()].reduce(plus, await this.#options.own());
  }

  /**
   * Leaves the counts since another process took over to that process: all of them each time, so that they count once however
   * often they are left, and a series goes on to the end of the last request.
   */
  async #handOver(claim: string, own: Families): Promise<void> {
    if (this.#accepted === undefined) return;
    if (this.#successor?.claim !== claim) this.#successor = { claim, accepted: this.#accepted };
    const counts = increase(this.#successor.accepted, own);
    if (counts.size === 0 || (await this.#exchange.handOver(claim, pack(counts)))) this.#accepted = own;
  }

  /** Deletes invalid snapshots. If there is too much to read, dynos of the latest answer have precedence. */
  #readOthers({ others }: Exchanged, unpacker: Unpacker): OfDyno[] {
    const [known, news] = [
      others.filter(({ dyno }) => this.#known.has(dyno)),
      others.filter(({ dyno }) => !this.#known.has(dyno)),
    ];
    const read = [...known, ...news].map((other) => ({ ...other, families: unpacker.read(other.snapshot) }));
    const foreign = read.filter(({ families }) => families === 'foreign');
    if (foreign.length > 0) void this.#exchange.forget(foreign);
    const valid = read.flatMap(({ dyno, families }) =>
      typeof families === 'object' ? [{ dyno, families }] : [],
    );
    this.#options.onSkipped(read.length - valid.length);
    this.#known = new Set(valid.map(({ dyno }) => dyno));
    return valid.sort((a, b) => (a.dyno < b.dyno ? -1 : 1));
  }

  #readHandovers({ handovers }: Exchanged, unpacker: Unpacker): void {
    let skipped = 0;
    const foreign: string[] = [];
    for (const [former, counts] of handovers) {
      const handover = unpacker.read(counts);
      if (handover === 'foreign') foreign.push(former);
      // The first ones are kept, even if there are too many: dropping one would make this process's counts fall.
      const known = this.#handovers.has(former) || this.#handovers.size < MOST_HANDOVERS;
      if (typeof handover === 'object' && known) this.#handovers.set(former, handover);
      else skipped++;
    }
    if (foreign.length > 0) void this.#exchange.disown(foreign);
    this.#options.onSkipped(skipped);
  }
}

/** No dyno is restarted so often while an older process of it still serves requests. */
const MOST_HANDOVERS = 16;

/** @param own this process's families, whose shapes are used for all */
const textOf = (own: Families, dynos: readonly OfDyno[]): string =>
  renderText(
    [...own.values()].map(({ shape }) => shape),
    dynos,
  );
