/**
 * The metrics of all processes, whichever is asked. Behind a router a scrape reaches any of them; if each answered for
 * itself alone, the scraper would see one series jump between the counts of all.
 */

import { type ExchangeOptions, exchange } from './exchange.ts';
import { mergeText, parseText } from './merge-text.ts';
import { pack, unpack } from './snapshot.ts';

export interface FleetMetrics {
  /** The whole fleet's text, or the own registry's when Redis fails. */
  render(): Promise<string>;
  /** A request was served here: this process is the one that its dyno's name stands for. */
  serving(): void;
  /** Leaves the last counts. */
  stop(): Promise<void>;
}

export interface FleetMetricsOptions extends Omit<ExchangeOptions, 'freshMs'> {
  /** Text of the own registry. */
  readonly own: () => Promise<string>;
  /** Told of snapshots that were none. */
  readonly onUnreadable: (count: number) => void;
  readonly heartbeatMs?: number;
  readonly freshMs?: number;
}

/** How often a process is heard of when nobody scrapes it. A crash loses what it counted since. Milliseconds. */
const HEARTBEAT_MS = 5000;

/**
 * Longer than the usual 15 s between two scrapes, so that one of them sees the last words of a process that has ended;
 * and three heartbeats may be missed. Milliseconds.
 */
const FRESH_MS = 20_000;

export const fleetMetrics = (options: FleetMetricsOptions): FleetMetrics => {
  const { own, onUnreadable, client, heartbeatMs = HEARTBEAT_MS, freshMs = FRESH_MS } = options;
  const trade = exchange({ ...options, freshMs });
  let serving = false;

  const publish = async (wanted: boolean) => {
    const text = await own();
    return { text, reply: await trade({ snapshot: pack(text), serving, wanted }) };
  };
  const beat = (): void => void publish(false);
  const timer = setInterval(beat, heartbeatMs).unref();
  // At the start, and at once when Redis is back, maybe empty.
  client.on('ready', beat);
  if (client.status === 'ready') beat();

  return {
    async render() {
      serving = true;
      const { text, reply } = await publish(true);
      // Once more, since it tells that Redis is down.
      if (reply === undefined) return own();
      const others = await Promise.all(reply.others.map(unpack));
      const readable = others.filter((families) => families !== undefined);
      onUnreadable(reply.unreadable + others.length - readable.length);
      return mergeText([...(reply.owns ? [parseText(text)!] : []), ...readable]);
    },
    serving() {
      serving = true;
    },
    async stop() {
      clearInterval(timer);
      client.off('ready', beat);
      await publish(false);
    },
  };
};
