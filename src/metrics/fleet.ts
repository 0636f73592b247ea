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
import { pack, unpack } from './snapshot.ts';
import { type Families, merge, parseText, renderText } from './text.ts';

export interface FleetMetricsOptions extends Omit<ExchangeOptions, 'freshMs'> {
  /** Text of the own registry. */
  readonly own: () => Promise<string>;
  /** Told of snapshots that were none. */
  readonly onUnreadable: (count: number) => void;
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
  readonly #legacies = new Map<string, Families>();
  /** The last text that Redis has got, be it for a successor. */
  #told: string | undefined;
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
    const { text, reply } = await this.#publish(true);
    if (reply === undefined) return this.#alone(text);
    this.#options.onUnreadable(reply.unreadable);
    const own = reply.heir === undefined ? [parse(text)] : [];
    return renderText(merge([...own, ...this.#read(reply.others)]));
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
  async #alone(offered: string): Promise<string> {
    const now = parse(await this.#text());
    const { shown } = this.#exchange;
    return renderText(withCountsOf((shown && unpack(shown)) ?? parse(offered), now));
  }

  readonly #beat = (): void => void this.#publish(false);

  /** @param wanted whether the others' snapshots are */
  async #publish(wanted: boolean): Promise<{ text: string; reply: Exchanged | undefined }> {
    const text = await this.#text();
    const reply = await this.#exchange.trade({ snapshot: pack(text), serving: this.#serving, wanted });
    if (reply === undefined) return { text, reply };
    for (const [former, counts] of reply.legacies) {
      for (const legacy of this.#read([counts])) this.#legacies.set(former, legacy);
    }
    if (reply.heir === undefined) this.#told = text;
    else await this.#bequeath(reply.heir, text);
    return { text, reply };
  }

  /** The own registry's, with what was left to this process. */
  async #text(): Promise<string> {
    const text = await this.#options.own();
    if (this.#legacies.size === 0) return text;
    return renderText([...this.#legacies.values()].reduce(plus, parse(text)));
  }

  /**
   * What is counted after another process has taken over is left to that one, all of it each time: told twice, it still
   * counts once, and a series goes on to the end of the last request.
   */
  async #bequeath(claim: string, text: string): Promise<void> {
    if (this.#told === undefined) return;
    if (this.#successor?.claim !== claim) this.#successor = { claim, told: parse(this.#told) };
    const counts = renderText(increase(this.#successor.told, parse(text)));
    if (counts === '' || (await this.#exchange.bequeath(claim, pack(counts)))) this.#told = text;
  }

  #read(snapshots: readonly Buffer[]): Families[] {
    const all = snapshots.map(unpack);
    const readable = all.filter((families) => families !== undefined);
    this.#options.onUnreadable(all.length - readable.length);
    return readable;
  }
}

const parse = (own: string): Families => {
  const families = parseText(own);
  if (families === undefined) throw new Error('Our own registry writes what is not the text format.');
  return families;
};
